import { RedisClient } from "bun";
import { toArrival } from "shared/base/times";
import { createLog } from "shared/log/log";
import { createTopology, GLOBAL, shardOf, type Topology } from "shared/model/regions";
import { MAIN_BOARD } from "shared/redis/keys";
import { awaitReady, connectRedis } from "shared/redis/redis";
import { scratchRedis } from "testing/scratch";
import { readInfo } from "testing/server-cost";
import { createBoards } from "../../ranker/src/boards/boards.ts";
import { createReadRank } from "../../ranker/src/boards/rank/read-rank.ts";

import { createFenceWatch } from "../../ranker/src/writes/fence-watch.ts";
import { createSubmit } from "../../ranker/src/writes/submit.ts";
import { createPlayers, type Player, type Players } from "./players.ts";
import { ENTRY_KINDS, type Kind, openFences, seedRedis } from "./seed-redis.ts";

export const REGION = "EU";

/** What is timed, in the words of the routes; and what one shard does for a rank on which another one holds the player. */
export const OPERATIONS = ["submit", "rank", "top 100", "around 10", "count ahead"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** A board of some size in a Redis of its own, and what a ranker does to it. */
export interface GrowthBoard {
  readonly entries: number;
  readonly shards: number;
  readonly topology: Topology;
  readonly players: Players;
  /** Beside the ranker's own connection. */
  readonly admin: RedisClient;
  readonly url: string;
  /** Bytes that Redis took for each kind of key. */
  readonly bytes: ReadonlyMap<Kind, number>;
  call(operation: Operation, player: Player): Promise<unknown>;
  /** Waits for the ranker's connection, which gives up and begins anew when the machine is too busy to answer in time. */
  ready(): Promise<void>;
  dispose(): Promise<void>;
}

const READY_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 5_000;
const REWRITE_POLL_MS = 50;
const TOP_LIMIT = 100;
const AROUND_RANGE = 10;
const DELTA = 10;
// Nothing drains here: what is written while it is measured stays in the queue.
const QUEUE_MAX = Number.MAX_SAFE_INTEGER;

/** A Redis of its own and a connection that waits for it; seeded without append-only file. */
export async function startScratch() {
  const server = await scratchRedis(["--appendonly", "no", "--auto-aof-rewrite-percentage", "0"]);
  const admin = new RedisClient(server.url);
  const dispose = async () => {
    admin.close();
    await server.dispose();
  };
  return { admin, url: server.url, dispose };
}

/** @param nowUs microseconds; the players arrived in the month before */
export async function startGrowthBoard(entries: number, shards: number, nowUs: number): Promise<GrowthBoard> {
  const scratch = await startScratch();
  const { admin, url } = scratch;
  const topology = createTopology([REGION], shards, [MAIN_BOARD]);
  const players = createPlayers(entries, nowUs);
  const bytes = new Map<Kind, number>();
  const log = createLog("bench", "error");
  const redis = connectRedis({ url, name: "bench", log, commandTimeoutMs: COMMAND_TIMEOUT_MS });
  const dispose = async () => {
    redis.disconnect();
    await scratch.dispose();
  };
  try {
    for (const kind of ENTRY_KINDS)
      bytes.set(kind, await seedRedis(admin, { topology, region: REGION, players, kind }));
    await openFences(admin, topology);
    await startAppending(admin);
    await awaitReady(redis, READY_TIMEOUT_MS);
  } catch (error) {
    await dispose();
    throw error;
  }
  const boards = createBoards(topology, () => redis);
  const readRank = createReadRank(topology, () => redis);
  const submit = createSubmit({
    topology,
    redisOf: () => redis,
    fences: createFenceWatch({ log }),
    boards,
    queueMax: QUEUE_MAX,
  });
  const calls = {
    submit: ({ userId, name }) =>
      submit({ userId, name, region: REGION }, { operation: "add", board: MAIN_BOARD, value: DELTA }),
    rank: ({ userId }) => boards.rank(GLOBAL, MAIN_BOARD, userId),
    "top 100": () => boards.top(GLOBAL, MAIN_BOARD, TOP_LIMIT),
    "around 10": ({ userId }) => boards.around(GLOBAL, MAIN_BOARD, userId, AROUND_RANGE),
    "count ahead": ({ userId, score, reachedAtUs }) => {
      const member = toArrival(reachedAtUs + 1) + userId; // next to a player, and nobody's
      const foreign = { score, member };
      return readRank(shardOf(topology, REGION, userId), MAIN_BOARD, foreign);
    },
  } satisfies Record<Operation, (player: Player) => Promise<unknown>>;
  return {
    entries,
    shards,
    topology,
    players,
    admin,
    url,
    bytes,
    dispose,
    call: (operation, player) => calls[operation](player),
    ready: () => awaitReady(redis, READY_TIMEOUT_MS),
  };
}

/** From here on writes are appended to a file, as in production; the seed is written out once, and not in its way. */
export async function startAppending(admin: RedisClient): Promise<void> {
  await admin.send("CONFIG", ["SET", "appendonly", "yes"]);
  for (;;) {
    const info = await readInfo(admin, "persistence");
    const isBusy = info.get("aof_rewrite_in_progress") === "1" || info.get("aof_rewrite_scheduled") === "1";
    if (!isBusy) return;
    await Bun.sleep(REWRITE_POLL_MS);
  }
}
