import type { Ties } from "shared/api/fields";
import { askTogether } from "shared/base/gather-turn";
import { inParts } from "shared/base/in-parts";
import type { Topology } from "shared/model/regions";
import { defineLayout, defineScript, type ScriptArg } from "shared/redis/scripts/define-script";
import { callGroup, nameOfRanking, partOf, type RankingOnGroup, type ShardGroup } from "../groups/shard-groups.ts";
import { groupArgs, SHARD_KEYS, shardsOfCallPart, toAway, toGroupArgs, toGroupKeys } from "../groups/shards-of-call.ts";
import { checkRead, type Position, type RefusedRead, toSelf } from "../shard-entry.ts";
import { tiesArgs, toTiesArgs } from "../ties.ts";
import findSource from "./find-ranks.lua" with { type: "text" };
import { isPosition, type Standing, type Standings, type Target } from "./standing.ts";

/**
 * Reads where a target stands among the entries of a group of shards. The targets of one turn of
 * the event loop share a call, so that under load a rank costs little more than its walk down the
 * sorted sets.
 *
 * @throws Problem `unavailable`; StaleBoard, SeasonOver, SeasonGone, SlotsApart
 */
export type ReadRank = (place: RankPlace, target: Target) => Promise<Standing>;

/** Targets of one kind of rank share a call. */
export interface RankPlace extends RankingOnGroup {
  /** Whether `before` counts the entries ahead, or those that are better alone. */
  ties: Ties;
}

const TARGETS_MAX = 64;
// Redis serves no other call meanwhile: 3 µs for each target and shard on a small board, up to
// 50 µs on the largest.
const TARGETS_AND_SHARDS_MAX = 256;

const layout = defineLayout({
  keys: SHARD_KEYS,
  args: { ...groupArgs, players: "number", ...tiesArgs },
  item: { score: "text", member: "text" },
});
type Reply = [numbers: string, holders: string, away: string, ...records: (string | null)[]];
const findScript = defineScript({
  name: "find-ranks",
  source: findSource,
  parts: [shardsOfCallPart],
  layout,
  failsAs: "read",
  parse: (reply) => reply as Reply | RefusedRead,
});

const callFind = async ({ group, board }: RankingOnGroup, args: ScriptArg[]) =>
  checkRead(await callGroup(group, (redis) => findScript(redis, toGroupKeys(group, board, layout), args)));

const toArgs = (topology: Topology, { group, board, ties }: RankPlace, players: number) =>
  layout.toArgs({ ...toGroupArgs(group, topology, board), players, ...toTiesArgs(board, ties) });

/**
 * Looks for players by one call. Resolves in their order; without `self` for one whom the group
 * does not hold.
 *
 * @throws as {@link ReadRank}
 */
export async function findRanks(topology: Topology, place: RankPlace, userIds: readonly string[]): Promise<Standings> {
  const { group } = place;
  const args = toArgs(topology, place, userIds.length);
  args.push(...userIds);
  if (group.perRegion > 1) args.push(...userIds.map((userId) => partOf(group, topology, userId) ?? 0));
  return toFound(group, userIds, await callFind(place, args));
}

/** Counts the entries ahead of positions by one call. @throws as {@link ReadRank} */
export async function countRanks(
  topology: Topology,
  place: RankPlace,
  positions: readonly Position[],
): Promise<Standings> {
  const args = toArgs(topology, place, 0);
  for (const position of positions) args.push(...layout.toItem(position));
  return toCounted(place.group, await callFind(place, args));
}

export function createReadRank(topology: Topology): ReadRank {
  const bounds = {
    questionsMax: TARGETS_MAX,
    nameOf: ({ ties, ...on }: RankPlace) => `${nameOfRanking(on)} ${ties}`,
  };
  const find = askTogether<RankPlace, string, Standing>({
    ...bounds,
    send: (place, userIds) => inCalls(place, userIds, (few) => findRanks(topology, place, few)),
  });
  const count = askTogether<RankPlace, Position, Standing>({
    ...bounds,
    send: (place, positions) => inCalls(place, positions, (few) => countRanks(topology, place, few)),
  });
  return (place, target) => (isPosition(target) ? count(place, target) : find(place, target.userId));
}

/** Asks about as many targets in a call as the shards of the group leave room for. */
async function inCalls<Q>(
  { group }: RankPlace,
  targets: readonly Q[],
  ask: (few: readonly Q[]) => Promise<Standings>,
): Promise<Standing[]> {
  const answers = await inParts(targets, Math.floor(TARGETS_AND_SHARDS_MAX / group.shards.length), ask);
  return answers.flatMap(({ standings }) => standings);
}

function toFound(group: ShardGroup, userIds: readonly string[], reply: Reply): Standings {
  const [numbers, holders, places, ...records] = reply;
  const [total = 0, ...befores] = numbers.split(" ").map(Number);
  const holderOf = holders === "" ? [] : holders.split(" ").map(Number);
  const away = toAway(group, places);
  const standings = userIds.map((userId, i): Standing => {
    const [record, before = 0] = [records[i], befores[i]];
    if (record == null) return { total, away };
    const region = group.shards[holderOf[i] ?? 0]?.region ?? "";
    return { total, away, before, self: toSelf(region, userId, record) };
  });
  return { total, away, standings };
}

function toCounted(group: ShardGroup, [numbers, , places]: Reply): Standings {
  const [total = 0, ...befores] = numbers.split(" ").map(Number);
  const away = toAway(group, places);
  return { total, away, standings: befores.map((before) => ({ total, away, before })) };
}
