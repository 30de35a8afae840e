import type { RedisClient } from "bun";
import { toArrival } from "shared/base/times";
import { createLog } from "shared/log/log";
import { configuredBoard } from "shared/model/board";
import { GLOBAL, shardOf, type Topology } from "shared/model/regions";
import { MAIN_BOARD } from "shared/redis/keys";
import { awaitReady, connectRedis } from "shared/redis/redis";
import { openFencesAt } from "testing/open-fences";
import { createBoards } from "../../../ranker/src/boards/boards.ts";
import { toGroup } from "../../../ranker/src/boards/groups/shard-groups.ts";
import { createReadRank } from "../../../ranker/src/boards/rank/read-rank.ts";
import { configuredDefinitions } from "../../../ranker/src/definitions/definitions.ts";
import { rankedIn } from "../../../ranker/src/seasons/ranked-board.ts";
import { createFenceWatch } from "../../../ranker/src/writes/fence-watch.ts";
import { createSubmit } from "../../../ranker/src/writes/submit.ts";
import type { Player, Players } from "../stage/players.ts";
import { ENTRY_KINDS, seedRedis } from "../stage/seed-redis.ts";
import { startAppending, startBenchRedis, WITHOUT_FILE } from "../stage/stores.ts";
import { REGION, toOneRegion } from "../stage/topology.ts";

/**
 * The calls that are timed: the routes, and the part of a `GLOBAL` rank on a shard without the
 * player.
 */
export const OPERATIONS = ["submit", "rank", "top 100", "around 10", "count ahead"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** A board in a Redis of its own, and the ranker's operations on it. */
export interface GrowthBoard {
  readonly shards: number;
  readonly topology: Topology;
  readonly players: Players;
  /** Separate from the connection of the operations. */
  readonly admin: RedisClient;
  readonly url: string;
  /** Of all entries, in Redis. */
  readonly bytes: number;
  /** @throws Problem when Redis does not answer in time */
  readonly calls: Record<Operation, (player: Player) => Promise<unknown>>;
  /**
   * Waits for the connection of the operations, which reconnects after a call without an answer.
   */
  ready(): Promise<void>;
}

const READY_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 5_000;
const TOP_LIMIT = 100;
const AROUND_RANGE = 10;
const DELTA = 10;
// Nothing drains here, so the queue must hold every write.
const QUEUE_MAX = Number.MAX_SAFE_INTEGER;

/** Starts a Redis, which `stack` stops, and seeds it. */
export async function startGrowthBoard(
  stack: AsyncDisposableStack,
  { dir, players, shards }: { dir: string; players: Players; shards: number },
): Promise<GrowthBoard> {
  const { admin, url } = stack.use(await startBenchRedis(dir, [...WITHOUT_FILE, "--appendfsync", "no"]));
  const topology = toOneRegion(shards);
  let bytes = 0;
  for (const kind of ENTRY_KINDS) bytes += await seedRedis(admin, kind, { topology, region: REGION, players });
  await openFencesAt(url, topology);
  await startAppending(admin);

  const log = createLog("bench", "error");
  const redis = connectRedis({ url, name: "bench", log, commandTimeoutMs: COMMAND_TIMEOUT_MS });
  stack.defer(async () => redis.disconnect());
  const ready = () => awaitReady(redis, READY_TIMEOUT_MS);
  await ready();
  const redisOf = () => redis;
  const boards = createBoards(topology, redisOf, configuredDefinitions(topology));
  const readRank = createReadRank(topology);
  const submit = createSubmit({
    topology,
    definitions: configuredDefinitions(topology),
    redisOf,
    fences: createFenceWatch({ log }),
    boards,
    queueMax: QUEUE_MAX,
  });
  const calls: GrowthBoard["calls"] = {
    submit: ({ userId, name }) =>
      submit({ userId, name, region: REGION }, { operation: "add", board: MAIN_BOARD, value: DELTA }),
    rank: ({ userId }) => boards.rank(GLOBAL, MAIN_BOARD, userId),
    "top 100": () => boards.top(GLOBAL, MAIN_BOARD, TOP_LIMIT),
    "around 10": ({ userId }) => boards.around(GLOBAL, MAIN_BOARD, userId, AROUND_RANGE),
    "count ahead": ({ userId, score, reachedAtUs }) => {
      const member = toArrival(reachedAtUs + 1) + userId; // next to a player, where no entry is
      const group = toGroup(redisOf, [shardOf(topology, REGION, userId)]);
      const board = rankedIn(configuredBoard(MAIN_BOARD), 0);
      return readRank({ group, board, ties: "arrival" }, { score, member });
    },
  };
  return { shards, topology, players, admin, url, bytes, calls, ready };
}
