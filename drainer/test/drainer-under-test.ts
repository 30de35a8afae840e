import { createLog } from "shared/log/log";
import type { ScoreEvent } from "shared/model/events";
import { createTopology, type Topology } from "shared/model/regions";
import { type Database, openDatabase } from "shared/postgres/database";
import { openDatabases } from "shared/postgres/databases";
import type { Redis } from "shared/redis/redis";
import { connectStores } from "shared/stores/stores";
import { forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { scratchPostgres, scratchRedisClient } from "testing/scratch";
import { flushAll } from "testing/whole-store";
import { createDrain, type Drain, type DrainOptions } from "../src/drain/drain.ts";
import { unshared } from "../src/leases/lease.ts";
import { migrate } from "../src/postgres/migrate.ts";
import { type ScoreQueue, scoreQueuesOf } from "../src/queues/queues.ts";
import { scoreEvents } from "../src/rows/upsert-scores.ts";
import type { Sides } from "../src/subjects/sides.ts";

/** A Redis and a migrated PostgreSQL that one test file has to itself. */
export interface UnderTest {
  redis: Redis;
  redisUrl: string;
  database: Database;
  postgresUrl: string;
  topology: Topology;
  /** The queue of region EU. */
  keys: ScoreQueue;
  /** Empties both stores. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function startUnderTest(): Promise<UnderTest> {
  const [redisServer, postgresServer] = await Promise.all([scratchRedisClient(), scratchPostgres(["board"])]);
  const { redis, url: redisUrl } = redisServer;
  const postgresUrl = postgresServer.url("board");
  await migrate(postgresUrl);
  const database = openDatabase(postgresUrl);
  const topology = createTopology(["EU"], 1, ["main", "weekly"]);
  await openFences(redis, topology);
  const [keys] = scoreQueuesOf(topology);
  if (keys === undefined) throw new Error("no queue");
  return {
    redis,
    redisUrl,
    database,
    postgresUrl,
    topology,
    keys,
    async clear() {
      await flushAll(redis);
      await database.run(
        (sql) => sql`
          TRUNCATE leaderboard, accounts, erasures, visibility, settings, deleted_boards, guarded_stores, drained_versions,
            season_ends, ended_seasons, archived, seasons, outbox`,
      );
    },
    async close() {
      await database.close();
      await Promise.all([redisServer.dispose(), postgresServer.dispose()]);
    },
  };
}

/**
 * A deployment all of whose regions share the two stores. Closed with the test file.
 */
export async function sidesUnderTest({ redisUrl, postgresUrl }: UnderTest, topology: Topology): Promise<Sides> {
  const urls = (url: string) => new Map(topology.regions.map((region) => [region, url]));
  const log = createLog("test", "silent");
  const stores = connectStores({ homeUrl: redisUrl, urlsByRegion: urls(redisUrl), name: "test", log });
  await Promise.all(stores.all.map((each) => each.connect()));
  const databases = openDatabases(postgresUrl, urls(postgresUrl));
  await forFile({
    async close() {
      stores.close();
      await databases.close();
    },
  });
  return { topology, stores, databases };
}

/** An event as `submit.lua` writes it; `version` is its place in time, in microseconds. */
export function scoreEvent(userId: string, score: number, version: number, rest: Partial<ScoreEvent> = {}): ScoreEvent {
  return {
    score: String(score),
    reached_at: String(version),
    updated_at: String(version),
    board: "main",
    user_id: userId,
    name: `Name of ${userId}`,
    region: "EU",
    ...rest,
  };
}

/** A drain of the score queue without lease and guard, unless `options` has them. */
export const scoreDrain = (it: UnderTest, options: Partial<DrainOptions<ScoreEvent>> = {}): Drain =>
  createDrain({
    redis: it.redis,
    database: it.database,
    keys: it.keys,
    kind: scoreEvents,
    lease: unshared,
    batchMax: 100,
    ...options,
  });

/** Queues events, the oldest first; text unchanged. @returns the length of the queue */
export const pushEvents = (it: UnderTest, ...events: unknown[]): Promise<number> =>
  it.redis.lpush(it.keys.queue, ...events.map((event) => (typeof event === "string" ? event : JSON.stringify(event))));

export interface Row {
  user_id: string;
  score: string;
  updated_us: string;
}

/** The rows of a board in its order. */
export const readBoard = (database: Database, board = "main"): Promise<Row[]> =>
  database.run(
    (sql) => sql<Row[]>`
      SELECT user_id, score::text AS score, (extract(epoch FROM updated_at) * 1000000)::bigint::text AS updated_us
      FROM leaderboard WHERE board = ${board}
      ORDER BY score DESC, reached_at, user_id COLLATE "C" DESC`,
  );
