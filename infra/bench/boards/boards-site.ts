import { join } from "node:path";
import { createTokens } from "shared/auth/tokens";
import { queueKey } from "shared/redis/keys";
import { readUsedBytes } from "testing/redis/server-cost";
import { JWT_SECRET } from "testing/services/service-under-test";
import { migrate } from "../../../drainer/src/postgres/migrate.ts";
import { type LoadCell, measureLoad } from "../harness/load.ts";
import { readProcessCost } from "../harness/process-cost.ts";
import { runToSuccess } from "../load/program.ts";
import { runWrk, type WrkRequest } from "../load/wrk.ts";
import { issueTokens } from "../stage/board.ts";
import { seedRedis } from "../stage/seed-redis.ts";
import { type BenchService, SERVICE_ENVIRONMENT, startBenchDrainer, startBenchService } from "../stage/services.ts";
import { type BenchRedis, startBenchPostgres, startBenchRedis } from "../stage/stores.ts";
import { REGION, SHARD, TOPOLOGY } from "../stage/topology.ts";
import { longestHoldMs, watchHolds } from "./longest-hold.ts";
import { type Population, toBoardId } from "./population.ts";
import { seedBoards } from "./seed-boards.ts";

/** How long something took, and the longest time that one command held Redis meanwhile. */
export interface Step {
  ms: number;
  holdMs: number;
}

/** Boards in stores of their own, with what is done to all of them at once. */
export interface BoardsSite extends RestoredBoards {
  readonly ranker: BenchService;
  readonly reconcile: Step;
  readonly startMs: { ranker: number; drainer: number };
  /** The ranker's memory when it had just started. */
  readonly startBytes: number;
  /** Hides a player who writes, and shows the player again. @returns what the hiding took */
  hide(): Promise<Step>;
  /** The boards of a hidden player. */
  readonly hiddenOn: number;
  /** Reads a top of each board, once. */
  readAllTops(): Promise<void>;
  /** A load of submits and tops on random boards. */
  toCell(load: { connections: number; seconds: number; percentOfWrites: number }): LoadCell;
}

const LB = join(import.meta.dir, "../../commands/lb.ts");
const DELTA = 5;
const LIFETIME_SECONDS = 24 * 3600;

/** What a restore has left in a Redis. */
export interface RestoredBoards {
  readonly name: string;
  readonly population: Population;
  readonly redis: BenchRedis;
  readonly postgresUrl: string;
  /** Of all keys in Redis. */
  readonly bytes: number;
  readonly restores: readonly Step[];
}

/** Seeds a PostgreSQL, and restores a new Redis from it so many times. `stack` stops them. */
export async function restoreBoards(
  stack: AsyncDisposableStack,
  { dir, name, population, times }: { dir: string; name: string; population: Population; times: number },
): Promise<RestoredBoards> {
  const server = stack.use(await startBenchPostgres(dir, [name]));
  const postgresUrl = server.url(name);
  await migrate(postgresUrl);
  await seedBoards(postgresUrl, population, Date.now() * 1000);
  const restores: Step[] = [];
  for (;;) {
    const redis = await startBenchRedis(dir);
    const before = await readUsedBytes(redis.admin);
    restores.push(await runCommand(redis, postgresUrl, "restore"));
    if (restores.length < times) {
      await redis[Symbol.asyncDispose]();
      continue;
    }
    const bytes = (await readUsedBytes(redis.admin)) - before;
    return { name, population, redis: stack.use(redis), postgresUrl, bytes, restores };
  }
}

/** Starts a drainer for a moment, and a ranker, which `stack` stops. */
export async function startBoardsSite(
  stack: AsyncDisposableStack,
  dir: string,
  restored: RestoredBoards,
): Promise<BoardsSite> {
  const { name, population, redis, postgresUrl } = restored;
  const { admin, url } = redis;
  const reconcile = await runCommand(redis, postgresUrl, "reconcile");

  const { writers } = population;
  await seedRedis(admin, "account", { topology: TOPOLOGY, region: REGION, players: writers });
  const tokensFile = join(dir, `tokens-${name}`);
  await Bun.write(tokensFile, (await issueTokens(writers)).map((token) => `${token}\n`).join(""));

  const startsAtMs = performance.now();
  const drainer = await startBenchDrainer(dir, { REDIS_URL: url, POSTGRES_URL: postgresUrl });
  const drainerMs = performance.now() - startsAtMs;
  // Nothing drains while requests are timed.
  await drainer[Symbol.asyncDispose]();
  const rankerStartsAtMs = performance.now();
  const ranker = stack.use(await startBenchService("ranker", dir, { REDIS_URL: url }));
  const rankerMs = performance.now() - rankerStartsAtMs;
  const startBytes = readProcessCost(ranker.pid).residentBytes;

  const named = { issuer: "leaderboard", audience: "leaderboard" };
  const { issueOperator } = createTokens({ secret: JWT_SECRET, ...named, lifetimeSeconds: LIFETIME_SECONDS });
  const headers = { Authorization: `Bearer ${await issueOperator({ name: "bench" }, LIFETIME_SECONDS)}` };
  const player = writers.at(0).userId;
  async function act(what: "hide" | "unhide"): Promise<number> {
    const answer = await fetch(`${ranker.url}/players/${player}/${what}`, { method: "POST", headers });
    if (!answer.ok) throw new Error(`${what} was answered with ${answer.status}: ${await answer.text()}`);
    return ((await answer.json()) as { boards: number }).boards;
  }

  return {
    ...restored,
    ranker,
    reconcile,
    startMs: { ranker: rankerMs, drainer: drainerMs },
    startBytes,
    hiddenOn: await act("unhide"),
    async hide() {
      const step = await timeStep(redis, () => act("hide"));
      await act("unhide");
      return step;
    },
    async readAllTops() {
      for (let board = 0; board < population.boards; board++) {
        const answer = await fetch(`${ranker.url}/top?limit=10&region=${REGION}&board=${toBoardId(board)}`);
        if (!answer.ok) throw new Error(`a top was answered with ${answer.status}: ${await answer.text()}`);
        await answer.arrayBuffer();
      }
    },
    toCell: ({ connections, seconds, percentOfWrites }) => ({
      name: `submits and tops, ${name}`,
      async measure() {
        const { boards, writersPerBoard } = population;
        const request: WrkRequest = ["boards", tokensFile, boards, writersPerBoard, DELTA, percentOfWrites, REGION];
        const drive = () => runWrk({ url: ranker.url, request, connections, seconds });
        const load = await measureLoad({ redis: redis.pid, ranker: ranker.pid }, drive);
        await admin.send("UNLINK", [queueKey(SHARD)]);
        return load;
      },
    }),
  };
}

async function timeStep({ admin }: BenchRedis, work: () => Promise<unknown>): Promise<Step> {
  await watchHolds(admin);
  const startedAt = performance.now();
  await work();
  return { ms: performance.now() - startedAt, holdMs: await longestHoldMs(admin) };
}

/** Runs a command of `lb` from its start to its end. @throws Error when it fails */
const runCommand = (redis: BenchRedis, postgresUrl: string, name: "restore" | "reconcile"): Promise<Step> =>
  timeStep(redis, () =>
    runToSuccess([process.execPath, LB, name], {
      env: { PATH: process.env.PATH, ...SERVICE_ENVIRONMENT, POSTGRES_URL: postgresUrl, REDIS_URL: redis.url },
    }),
  );
