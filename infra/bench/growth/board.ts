import type { RedisClient } from "bun";
import { toArrival } from "shared/base/times";
import { createLog } from "shared/log/log";
import { createTopology, GLOBAL, shardOf, type Topology } from "shared/model/regions";
import { MAIN_BOARD } from "shared/redis/keys";
import { awaitReady, connectRedis } from "shared/redis/redis";
import { createBoards } from "../../../ranker/src/boards/boards.ts";
import { createReadRank } from "../../../ranker/src/boards/rank/read-rank.ts";
import { createFenceWatch } from "../../../ranker/src/writes/fence-watch.ts";
import { createSubmit } from "../../../ranker/src/writes/submit.ts";
import { createPlayers, type Player, type Players } from "../stage/players.ts";
import { ENTRY_KINDS, type Kind, openFences, seedRedis } from "../stage/seed-redis.ts";
import { startAppending, startBenchRedis, WITHOUT_FILE } from "../stage/stores.ts";
import { REGION } from "../stage/topology.ts";
import type { WeighOptions } from "../stage/weigh.ts";

/** The calls that are timed: the routes, and the part of a `GLOBAL` rank on a shard that does not hold the player. */
export const OPERATIONS = ["submit", "rank", "top 100", "around 10", "count ahead"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** A board in a Redis of its own, and the ranker's operations on it. */
export interface GrowthBoard extends AsyncDisposable {
  readonly entries: number;
  readonly shards: number;
  readonly topology: Topology;
  readonly players: Players;
  /** Separate from the connection of the operations. */
  readonly admin: RedisClient;
  readonly url: string;
  /** Bytes that Redis took for each kind of key. */
  readonly bytes: ReadonlyMap<Kind, number>;
  /** @throws Problem when Redis does not answer in time */
  call(operation: Operation, player: Player): Promise<unknown>;
  /** Waits for the connection of the operations, which reconnects when Redis did not answer in time. */
  ready(): Promise<void>;
}

const READY_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 5_000;
const TOP_LIMIT = 100;
const AROUND_RANGE = 10;
const DELTA = 10;

export async function startGrowthBoard(options: WeighOptions & { shards: number }): Promise<GrowthBoard> {
  const { dir, entries, shards, nowUs } = options;
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startBenchRedis(dir, [...WITHOUT_FILE, "--appendfsync", "no"]));
  const { admin, url } = server;
  const topology = createTopology([REGION], shards, [MAIN_BOARD]);
  const players = createPlayers(entries, nowUs);
  const bytes = new Map<Kind, number>();
  for (const kind of ENTRY_KINDS) bytes.set(kind, await seedRedis(admin, { topology, region: REGION, players, kind }));
  await openFences(admin, topology);
  await startAppending(admin);

  const log = createLog("bench", "error");
  const redis = connectRedis({ url, name: "bench", log, commandTimeoutMs: COMMAND_TIMEOUT_MS });
  stack.defer(async () => redis.disconnect());
  await awaitReady(redis, READY_TIMEOUT_MS);
  const redisOf = () => redis;
  const boards = createBoards(topology, redisOf);
  const readRank = createReadRank(topology, redisOf);
  // Nothing drains here, so the queue must hold every write.
  const queueMax = Number.MAX_SAFE_INTEGER;
  const submit = createSubmit({ topology, redisOf, fences: createFenceWatch({ log }), boards, queueMax });
  const calls: Record<Operation, (player: Player) => Promise<unknown>> = {
    submit: ({ userId, name }) =>
      submit({ userId, name, region: REGION }, { operation: "add", board: MAIN_BOARD, value: DELTA }),
    rank: ({ userId }) => boards.rank(GLOBAL, MAIN_BOARD, userId),
    "top 100": () => boards.top(GLOBAL, MAIN_BOARD, TOP_LIMIT),
    "around 10": ({ userId }) => boards.around(GLOBAL, MAIN_BOARD, userId, AROUND_RANGE),
    "count ahead": ({ userId, score, reachedAtUs }) => {
      // A position next to a player that no entry holds.
      const member = toArrival(reachedAtUs + 1) + userId;
      return readRank(shardOf(topology, REGION, userId), MAIN_BOARD, { score, member });
    },
  };
  const owned = stack.move();
  return {
    entries,
    shards,
    topology,
    players,
    admin,
    url,
    bytes,
    call: (operation, player) => calls[operation](player),
    ready: () => awaitReady(redis, READY_TIMEOUT_MS),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
