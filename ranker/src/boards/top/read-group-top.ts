import { askTogether } from "shared/base/gather-turn";
import { placeDigitsOf } from "shared/entries/records";
import type { Shard, Topology } from "shared/model/regions";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import type { OfRegions } from "../groups/ask-groups.ts";
import { callGroup, nameOfRanking, type RankingOnGroup } from "../groups/shard-groups.ts";
import { groupArgs, SHARD_KEYS, shardsOfCallPart, toAway, toGroupArgs, toGroupKeys } from "../groups/shards-of-call.ts";
import {
  type BoardRead,
  checkRead,
  type RawSlice,
  type RefusedRead,
  readSlicePart,
  toEntries,
} from "../shard-entry.ts";
import source from "./top.lua" with { type: "text" };
import type { CachedShardTop, ShardTop, TopCache } from "./top-cache.ts";

const NO_ENTRIES: ShardTop = { total: 0, entries: [] };

const layout = defineLayout({
  keys: [...SHARD_KEYS, "details", "clock"],
  args: { ...groupArgs, placeDigits: "number", withDetails: "flag" },
  item: { limit: "number", known: "text" },
});
type RawTop = [clock: string] | [clock: string, total: number, slice: RawSlice];
type Reply = [away: string, ...tops: RawTop[]];
const topScript = defineScript({
  name: "top",
  source,
  parts: [shardsOfCallPart, readSlicePart],
  layout,
  failsAs: "read",
  parse: (reply) => reply as Reply | RefusedRead,
});

/** The tops of a group's shards. */
export interface GroupTop extends OfRegions {
  parts: readonly ShardTop[];
}

export interface TopPlace extends RankingOnGroup, BoardRead {}

/**
 * Reads `limit` or more of the best entries of each shard of a group. Every call asks the shards,
 * each of which replies only its clock where nothing has changed; its top is then the same object
 * as before, of the largest limit that was read. The tops of one turn of the event loop share a
 * call.
 *
 * @throws Problem `unavailable`; StaleBoard, SeasonOver, SeasonGone, SlotsApart
 */
export type ReadGroupTop = (place: TopPlace, limit: number) => Promise<GroupTop>;

// Each costs nothing but a promise.
const QUESTIONS_MAX = 10_000;

export function createReadGroupTop(topology: Topology, cache: TopCache): ReadGroupTop {
  return askTogether<TopPlace, number, GroupTop>({
    questionsMax: QUESTIONS_MAX,
    nameOf: (place) => `${nameOfRanking(place)} ${place.withDetails}`,
    async send(place, limits) {
      const top = await readGroupTop(topology, cache, { place, limit: Math.max(...limits) });
      return limits.map(() => top);
    },
  });
}

async function readGroupTop(
  topology: Topology,
  cache: TopCache,
  { place, limit }: { place: TopPlace; limit: number },
): Promise<GroupTop> {
  const { group, board, withDetails } = place;
  const start = cache.perf.now();
  const args = layout.toArgs({
    ...toGroupArgs(group, topology, board),
    placeDigits: placeDigitsOf(board),
    withDetails,
  });
  const asked = group.shards.map((shard) => toQuestion(cache, place, { shard, limit }));
  for (const { cached, most } of asked) args.push(...layout.toItem({ limit: most, known: cached?.clock ?? "" }));
  const keys = toGroupKeys(group, board, layout);
  const [places, ...tops] = checkRead(await callGroup(group, (redis) => topScript(redis, keys, args)));
  const away = toAway(group, places);
  const parts = asked
    .filter(({ shard }) => !away.includes(shard.region))
    .map(({ name, shard, cached, most }, index) => {
      const [clock = "", total, slice] = tops[index] ?? [];
      if (cached !== undefined && total === undefined) {
        cached.asked = Math.max(cached.asked, limit);
        return cached.top;
      }
      const top =
        total === undefined || total === 0
          ? NO_ENTRIES
          : { total, entries: toEntries(() => shard.region, board, slice) };
      // Without a clock the next call could not tell whether the top has changed.
      if (clock !== "") cache.set(name, { kind: "shard", clock, top, limit: most, asked: limit }, { start });
      return top;
    });
  return { away, parts };
}

interface ShardQuestion {
  shard: Shard;
  /** Of the cached top. */
  name: string;
  /** As many entries as are asked for, or more. */
  cached?: CachedShardTop;
  /** How many entries are read where they have changed. */
  most: number;
}

/**
 * A top that has changed is read for the largest limit that it was asked for before the change: a
 * limit that is asked for once makes one later read larger, and no more.
 */
function toQuestion(
  cache: TopCache,
  { board: { ranking, rev }, withDetails }: TopPlace,
  { shard, limit }: { shard: Shard; limit: number },
): ShardQuestion {
  const name = `shard ${shard.tag} ${ranking} ${rev} ${withDetails}`;
  const found = cache.get(name);
  if (found?.kind !== "shard") return { shard, name, most: limit };
  const most = Math.max(limit, found.asked);
  const { entries, total } = found.top;
  return found.limit >= limit || entries.length >= total ? { shard, name, most, cached: found } : { shard, name, most };
}
