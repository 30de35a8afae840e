import { boardKey, clockKey, entriesKey, splitKey } from "shared/keys";
import { defineScript, type Redis, toRedisProblem } from "shared/redis";
import type { Shard, Topology } from "shared/regions";
import { withParts } from "./script-parts.ts";
import source from "./top.lua" with { type: "text" };
import { entriesMoved, type RawSlice, type ShardEntry, toEntries } from "./window.ts";

/** The best entries of one shard, in rank order. */
export interface TopOfShard {
  /** Entries of the shard. */
  readonly total: number;
  readonly entries: readonly ShardEntry[];
}

/**
 * Reads a shard's best `limit` entries: the same object as before when nothing has changed, and one for all shards without any.
 *
 * @throws Problem `unavailable`
 */
export type ReadTop = (shard: Shard, board: string, limit: number) => Promise<TopOfShard>;

const NOBODY: TopOfShard = { total: 0, entries: [] };

interface Kept {
  clock: string;
  /** When it was asked for. */
  askedAtMs: number;
  top: TopOfShard;
}

// A shard's clock only grows, but for a replica that lagged when it took over: it may give out a version again.
const KEPT_MS = 1_000;
// Of all that is kept, some 200 bytes each.
const KEPT_ENTRIES_MAX = 50_000;

type Reply = [] | [clock: string] | [clock: string, total: number, slice: RawSlice];
const topScript = defineScript({
  ...{ name: "top", source: withParts(source, "read-slice") },
  parse: (reply) => reply as Reply,
});

/**
 * Every reading asks the shard. What was read is kept, so that a shard on which nothing has changed only says so.
 *
 * @param nowMs a monotonic clock
 */
export function createReadTop(
  { partitions }: Topology,
  redisOf: (region: string) => Redis,
  nowMs = () => performance.now(),
): ReadTop {
  const keeping = createKeeping();
  return async (shard, board, limit) => {
    const name = `${shard.tag} ${board} ${limit}`;
    const askedAtMs = nowMs();
    const kept = keeping.find(name, askedAtMs);
    const keys = [boardKey(shard, board), entriesKey(shard, board), splitKey(shard.tag), clockKey(shard)];
    const reply = await topScript(redisOf(shard.region), keys, [partitions, limit, kept?.clock ?? ""]).catch(
      (error: unknown) => {
        throw toRedisProblem(error, "read");
      },
    );
    const [clock, total, slice] = reply;
    if (clock === undefined) throw entriesMoved(shard.region);
    if (kept !== undefined && total === undefined) return kept.top;
    const top = total === undefined || total === 0 ? NOBODY : { total, entries: toEntries(shard.region, slice) };
    // Without a clock nobody could tell whether it is still so.
    if (clock !== "") keeping.keep(name, { clock, askedAtMs, top });
    return top;
  };
}

/** What was read last, as far as there is room; whoever was not asked for longest makes room first. */
function createKeeping() {
  const all = new Map<string, Kept>();
  let entries = 0;

  function drop(name: string): void {
    entries -= all.get(name)?.top.entries.length ?? 0;
    all.delete(name);
  }

  return {
    find(name: string, askedAtMs: number): Kept | undefined {
      const kept = all.get(name);
      if (kept === undefined) return undefined;
      if (askedAtMs - kept.askedAtMs > KEPT_MS) {
        drop(name);
        return undefined;
      }
      all.delete(name);
      all.set(name, kept);
      return kept;
    },
    keep(name: string, kept: Kept): void {
      drop(name);
      all.set(name, kept);
      entries += kept.top.entries.length;
      for (const oldest of all.keys()) {
        if (entries <= KEPT_ENTRIES_MAX) break;
        drop(oldest);
      }
    },
  };
}
