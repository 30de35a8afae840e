import { ACCOUNT_CHECK_MS } from "../base/deadlines.ts";
import { within } from "../base/within.ts";
import { parseKeptBoard } from "../boards/kept-board.ts";
import { parseRecord } from "../entries/records.ts";
import { partitionOf, type Shard, type Topology } from "../model/regions.ts";
import { accountKeyPrefix, boardsKey, entriesKey, homesKey } from "../redis/keys.ts";
import type { Redis } from "../redis/redis.ts";
import { defineLayout, defineScript } from "../redis/scripts/define-script.ts";
import { toRankingName } from "../seasons/ranking-name.ts";
import type { Stores } from "../stores/stores.ts";
import claimSource from "./claim-homes.lua" with { type: "text" };

/** Where homes are kept, and the shards that tell the home of a player whose home is not kept. */
export interface HomeSources {
  topology: Topology;
  stores: Pick<Stores, "home" | "of">;
  /**
   * The board that is written to, whose entries are looked at beside those of configured boards.
   */
  board?: string;
}

export interface PlayerInRegion {
  user_id: string;
  region: string;
}

type Home = string | null;
const layout = defineLayout({
  keys: ["homes"],
  args: { accountPrefix: "text" },
  item: { userId: "text", region: "text", replaces: "text" },
});
const script = defineScript({
  name: "claim-homes",
  source: claimSource,
  layout,
  parse: (reply) => reply as Home[],
  hasOtherKeys: true,
});

type Item = Parameters<typeof layout.toItem>[0];

function runScript({ stores }: HomeSources, items: readonly Item[]): Promise<Home[]> {
  const args = layout.toArgs({ accountPrefix: accountKeyPrefix });
  args.push(...items.flatMap(layout.toItem));
  return script(stores.home, layout.toKeys({ homes: homesKey }), args);
}

/**
 * The home region of each player: of the account, or written down, or else the region of the
 * player's newest entry. Undefined for a player who has none of these.
 *
 * A region that does not answer is left out, so that it stops no other region's players; a player
 * whose entries all stand there then seems to be new.
 *
 * @throws what the home Redis throws
 */
export async function findHomes(sources: HomeSources, userIds: readonly string[]): Promise<(string | undefined)[]> {
  const kept = await readKept(sources, userIds);
  const isKnown = (index: number) => sources.topology.regions.includes(kept[index] ?? "");
  const found = await findOnShards(
    sources,
    userIds.filter((_, index) => !isKnown(index)),
  );
  return userIds.map((userId, index) => (isKnown(index) ? (kept[index] ?? undefined) : found.get(userId)));
}

/**
 * Writes down the home of each player who has none: the region of the newest entry, or else the
 * region that is given.
 *
 * @returns the home of each player, which may be another region than the given one
 * @throws what the home Redis throws
 */
export async function claimHomes(sources: HomeSources, players: readonly PlayerInRegion[]): Promise<string[]> {
  if (players.length === 0) return [];
  const kept = await readKept(
    sources,
    players.map(({ user_id }) => user_id),
  );
  const isKnown = (index: number) => sources.topology.regions.includes(kept[index] ?? "");
  const open = players.flatMap((player, index) => (isKnown(index) ? [] : [{ ...player, replaces: kept[index] ?? "" }]));
  if (open.length === 0) return kept.map(String);
  const found = await findOnShards(
    sources,
    open.map(({ user_id }) => user_id),
  );
  const items = open.map(({ user_id: userId, region, replaces }) => ({
    userId,
    region: found.get(userId) ?? region,
    replaces,
  }));
  const claimed = (await runScript(sources, items)).values();
  return players.map(({ region }, index) => String((isKnown(index) ? kept[index] : claimed.next().value) ?? region));
}

/**
 * Writes down another home for a player without an account whose home is `from`, or who has none.
 */
export async function moveHome(
  sources: HomeSources,
  userId: string,
  { from, to }: { from: string; to: string },
): Promise<void> {
  await runScript(sources, [{ userId, region: to, replaces: from }]);
}

/** Homes as they are kept. One in a region that is no longer configured has to count as none. */
const readKept = (sources: HomeSources, userIds: readonly string[]): Promise<Home[]> =>
  runScript(
    sources,
    userIds.map((userId) => ({ userId, region: "", replaces: "" })),
  );

/**
 * The rankings of boards that are written to on a shard: of a board with seasons, the one that
 * runs.
 */
async function findRankings(redis: Redis, shard: Shard, boards: readonly string[]): Promise<string[]> {
  const kept = await within(ACCOUNT_CHECK_MS, redis.hmget(boardsKey(shard), ...boards));
  return boards.map((board, n) => toRankingName(board, parseKeptBoard(kept[n] ?? "")?.seasons?.season ?? 0));
}

/**
 * The region of each player's newest entry on the configured boards and the written one. Releases
 * that had no others made entries without writing down the home. A lost Redis of the accounts loses
 * homes, too: then no player comes to stand on one board in two regions.
 */
async function findOnShards({ topology, stores, board: written }: HomeSources, userIds: readonly string[]) {
  const boards = [...new Set(topology.configuredBoards.concat(written ?? []))];
  const newest = new Map<string, { region: string; version: number }>();
  async function lookOn(shard: Shard, ids: readonly string[], ranking: string): Promise<void> {
    const records = await within(ACCOUNT_CHECK_MS, stores.of(shard.region).hmget(entriesKey(shard, ranking), ...ids));
    ids.forEach((userId, index) => {
      const record = records[index];
      if (record == null) return;
      const version = Number(parseRecord(record).updatedAt);
      if (version >= (newest.get(userId)?.version ?? 0)) newest.set(userId, { region: shard.region, version });
    });
  }
  const looks = topology.shards.map(async (shard) => {
    const ids = userIds.filter((userId) => partitionOf(userId, topology.partitions) === shard.partition);
    if (ids.length === 0) return;
    const rankings = await findRankings(stores.of(shard.region), shard, boards);
    await Promise.allSettled(rankings.map((ranking) => lookOn(shard, ids, ranking)));
  });
  await Promise.allSettled(looks);
  return new Map([...newest].map(([userId, { region }]) => [userId, region]));
}
