import type { Shard, Topology } from "shared/model/regions";
import { boardKey, clockKey, entriesKey, fenceKey, splitKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineReadScript } from "../scripts/read-script.ts";
import { createKeeping } from "./kept-tops.ts";
import source from "./top.lua" with { type: "text" };
import { entriesAway, type RawSlice, type ShardEntry, toEntries } from "./window.ts";

/** The best entries of one shard, in rank order. */
export interface TopOfShard {
  /** Entries of the shard. */
  readonly total: number;
  readonly entries: readonly ShardEntry[];
}

/**
 * Reads a shard's best `limit` entries: the same object as before when nothing has changed, and one for all shards
 * without any.
 *
 * @throws Problem `unavailable`
 */
export type ReadTop = (shard: Shard, board: string, limit: number) => Promise<TopOfShard>;

const NOBODY: TopOfShard = { total: 0, entries: [] };

type Reply = [] | [clock: string] | [clock: string, total: number, slice: RawSlice];
const topScript = defineReadScript({
  name: "top",
  source,
  parts: ["is-readable", "read-slice"],
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
  const keeping = createKeeping<{ clock: string; top: TopOfShard }>();
  return async (shard, board, limit) => {
    const name = `${shard.tag} ${board} ${limit}`;
    const askedAtMs = nowMs();
    const kept = keeping.find(name, askedAtMs);
    const keys = [boardKey(shard, board), entriesKey(shard, board), splitKey(shard.tag), clockKey(shard)];
    keys.push(fenceKey(shard.tag));
    const args = [partitions, limit, kept?.clock ?? ""];
    const [clock, total, slice] = await topScript(redisOf(shard.region), keys, args);
    if (clock === undefined) throw entriesAway(shard.region);
    if (kept !== undefined && total === undefined) return kept.top;
    const top = total === undefined || total === 0 ? NOBODY : { total, entries: toEntries(shard.region, slice) };
    // Without a clock nobody could tell whether it is still so.
    if (clock !== "") keeping.keep(name, { clock, top }, top.entries.length, askedAtMs);
    return top;
  };
}
