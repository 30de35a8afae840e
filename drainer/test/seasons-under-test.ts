import { createLog } from "shared/log/log";
import { type ScoreEvent, type SeasonEnd, seasonEndTail } from "shared/model/events";
import { createTopology, type Shard, shardOf, type Topology } from "shared/model/regions";
import { openDatabases } from "shared/postgres/databases";
import { boardKey, boardsKey, clockKey, entriesKey, entryKeys, hiddenKey, splitKey } from "shared/redis/keys";
import { toRankingName } from "shared/seasons/ranking-name";
import { connectStores } from "shared/stores/stores";
import { openFences } from "testing/open-fences";
import { until } from "testing/until";
import { createArchiveSeasons } from "../src/archive/archive-seasons.ts";
import { scoreQueuesOf } from "../src/queues/queues.ts";
import { putEntries } from "../src/restore/put-entries.ts";
import type { Sides } from "../src/subjects/sides.ts";
import { scoreDrain, scoreEvent, type UnderTest } from "./drainer-under-test.ts";

export const STARTS = 1_700_000_000_000_000;
export const ENDS = STARTS + 60_000_000;
export const BOARD = "weekly";

const log = createLog("test", "silent");
const signal = new AbortController().signal;

/** Two regions with two shards each, unless given, and board `weekly` with seasons of a minute. */
export async function startSeasons(it: UnderTest, topology: Topology = createTopology(["EU", "NA"], 2, ["main"])) {
  const { redis } = it;
  const urls = (url: string) => new Map(topology.regions.map((region) => [region, url]));
  const stores = connectStores({ homeUrl: it.redisUrl, urlsByRegion: urls(it.redisUrl), name: "test", log });
  await Promise.all(stores.all.map((each) => each.connect()));
  const databases = openDatabases(it.postgresUrl, urls(it.postgresUrl));
  const sides: Sides = { topology, stores, databases };
  const queues = scoreQueuesOf(topology);
  const run = <R extends object>(text: string) => it.database.run((sql) => sql.unsafe<R[]>(text));

  return {
    topology,
    sides,
    queues,
    async close() {
      stores.close();
      await databases.close();
    },

    async reset(): Promise<void> {
      await it.clear();
      await openFences(redis, topology);
      for (const region of topology.regions) await redis.set(splitKey(region), "2");
      for (const { tag } of topology.shards) await redis.set(splitKey(tag), "2");
    },

    /** A write on a shard: the entry in Redis, and its event in the queue. */
    async write(season: number, userId: string, score: number, rest: Partial<ScoreEvent> = {}): Promise<ScoreEvent> {
      const region = rest.region ?? "EU";
      const shard = shardOf(topology, region, userId);
      const event = scoreEvent(userId, score, STARTS + score, { board: toRankingName(BOARD, season), region, ...rest });
      await putEntries(redis, { shard, board: event.board, rows: [event] });
      await redis.lpush(queueOf(shard), JSON.stringify(event));
      return event;
    },

    /** As the roll-over does, on one shard: the event behind the writes, and the next season. */
    async end(shard: Shard, season: number, rest: Partial<SeasonEnd> = {}): Promise<void> {
      const name = toRankingName(BOARD, season);
      const [count, hidden] = await Promise.all([
        redis.zcard(boardKey(shard, name)),
        redis.zcard(hiddenKey(shard, name)),
      ]);
      const ends = STARTS + season * 60_000_000;
      const tail = seasonEndTail({ board: BOARD, region: shard.region });
      await redis.lpush(
        queueOf(shard),
        `{"season_ended":${season},"count":${rest.count ?? count},"hidden":${rest.hidden ?? hidden},` +
          `"starts_at":"${ends - 60_000_000}","ends_at":"${ends}","updated_at":"${rest.updated_at ?? ends}",${tail}`,
      );
      await redis.set(clockKey(shard), String(ends));
      const oldest = (await redis.hget(boardsKey(shard), BOARD))?.split(" ")[3] ?? "1";
      const text = `5 open ${season + 1} ${oldest} ${ends} ${ends + 60_000_000} ${ends + 120_000_000}`;
      await redis.hset(boardsKey(shard), BOARD, text);
    },

    async endAll(season = 1): Promise<void> {
      for (const shard of topology.shards) await this.end(shard, season);
    },

    async drain(): Promise<void> {
      for (const keys of queues) await until(scoreDrain(it, { keys }), ({ state }) => state === "empty");
    },

    /** One look of a drainer that has just started. */
    look: (from: Sides = sides) =>
      createArchiveSeasons({
        ...from,
        archives: { use: (region, _, work) => work(from.databases.of(region)) },
        log,
        signal,
        onPage: async () => {},
      })(),

    states: async () =>
      (
        await run<{ board: string; season: number; state: string; total: string | null }>(
          "SELECT board, season, state, total::text AS total FROM seasons ORDER BY board, season",
        )
      ).map(({ board, season, state, total }) => `${board} ${season} ${state} ${total}`),

    archived: async (season = 1, region?: string) =>
      (
        await run<{ user_id: string | null; rank: string; rank_shared: string; hidden: boolean }>(
          `SELECT CASE WHEN name <> '' THEN user_id END AS user_id, rank, rank_shared, hidden FROM archived WHERE board = '${BOARD}' AND season = ${season}
             ${region === undefined ? "" : `AND region = '${region}'`} ORDER BY region, rank, counted DESC, user_id`,
        )
      ).map(({ user_id, rank, rank_shared, hidden }) => [user_id, Number(rank), Number(rank_shared), hidden]),

    outbox: async () =>
      (await run<{ kind: string; body: unknown }>("SELECT kind, body FROM outbox ORDER BY created_at")).map(
        ({ kind, body }) => ({ kind, body }),
      ),

    rowsLeft: async (season = 1) =>
      (await run(`SELECT FROM leaderboard WHERE board = '${toRankingName(BOARD, season)}'`)).length,

    async keysLeft(season = 1): Promise<number> {
      const counts = topology.shards.map((shard) => redis.exists(...entryKeys(shard, toRankingName(BOARD, season))));
      return (await Promise.all(counts)).reduce((a, b) => a + b, 0);
    },

    /** As erase and hide do in Redis: the entry goes, or moves to the hidden ones. */
    async take(season: number, region: string, userId: string, to: "hidden" | "erased" | "visible"): Promise<void> {
      const shard = shardOf(topology, region, userId);
      const name = toRankingName(BOARD, season);
      const record = await redis.hget(entriesKey(shard, name), userId);
      if (record === null) throw new Error("no entry");
      const member = `${record.slice(0, 16)}${userId}`;
      const [from, into] = to === "visible" ? [hiddenKey, boardKey] : [boardKey, hiddenKey];
      const score = await redis.zscore(from(shard, name), member);
      await redis.zrem(from(shard, name), member);
      if (to === "erased") await redis.hdel(entriesKey(shard, name), userId);
      else await redis.zadd(into(shard, name), score ?? "0", member);
      const version = STARTS + 70_000_000 + (to === "visible" ? 1 : 0);
      const event =
        to === "erased"
          ? { erased: true, updated_at: String(version), user_id: userId, region }
          : { hidden: to === "hidden", updated_at: String(version), user_id: userId, region };
      await redis.lpush(queueOf(shard), JSON.stringify(event));
    },
  };

  function queueOf(shard: Shard): string {
    const keys = queues.find(({ tag }) => tag === shard.tag);
    if (keys === undefined) throw new Error("no queue");
    return keys.queue;
  }
}
