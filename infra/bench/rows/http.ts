import { configuredBoard } from "shared/model/board";
import { GLOBAL, shardOf } from "shared/model/regions";
import { boardsKey, MAIN_BOARD } from "shared/redis/keys";
import { readInfo } from "testing/redis/server-cost";
import { rankedIn } from "../../../ranker/src/seasons/ranked-board.ts";
import { SUBMIT_SOURCE, toSharedCall, toWriteCall } from "../../../ranker/src/writes/submit-script.ts";
import { toWritten } from "../../../ranker/src/writes/to-written.ts";
import { nginx } from "../../deploy/nginx/nginx-under-test.ts";
import { warmUp } from "../harness/rounds.ts";
import {
  atLeast,
  type Comparison,
  cellsOf,
  compareRates,
  cpuOf,
  type Measured,
  measureComparisons,
} from "../harness/row.ts";
import { type Route, toCommandCell, toConstantCell, toRouteCell } from "../load/http-cells.ts";
import { RANDOM_PLAYER } from "../load/redis-benchmark.ts";
import type { RowRun } from "../ratios/options.ts";
import { type Board, issueOperator, startBoard } from "../stage/board.ts";
import { startPlainNginx } from "../stage/plain-nginx.ts";
import { QUEUE_MAX, startBenchService } from "../stage/services.ts";
import { REGION, TOPOLOGY } from "../stage/topology.ts";
import { compareMany } from "./many.ts";
import { watchMemory } from "./memory.ts";
import { measureMix } from "./mix.ts";
import { measureVisibility } from "./visible.ts";

const DELTA = 5;
const RANGE = 10;
const LIMIT_MAX = 100;
const ITEMS_MAX = 200;
// A game server sends the results of one match after another; more requests of 200 wait in Redis.
const BULK_CONNECTIONS = 4;
/** So many ranks, that few requests at once are for the same page. */
const SPREAD = 1_000;
// No entry has less than 0, so that no try of 0 is better.
const TRY = [0, 0] as const;
const SCORES = [1, 100_000] as const;
/** A board whose writes may ask for either. */
const BEST = { operator: "best", operators: ["best", "set"] };

/** Measures all rows that need a large board and a ranker, and those whose loads they share. */
export async function measureHttp(run: RowRun): Promise<Measured> {
  const { dir, options, say, onRepeat } = run;
  await using stack = new AsyncDisposableStack();
  say(`seeding ${options.entries} entries`);
  const isAsked = (row: string) => options.only.some((name) => name === row);
  const made = isAsked("best") ? [{ id: "best", version: Date.now() * 1000, fields: BEST }] : [];
  const board = await startBoard(stack, { dir, entries: options.entries, withTokens: options.players, made });
  const env = { REDIS_URL: board.redis.url };
  const ranker = stack.use(await startBenchService("ranker", dir, env));
  const gateway = stack.use(await startBenchService("gateway", dir, { ...env, LEADERBOARD_SERVICE_URLS: ranker.url }));
  const proxy = nginx === undefined ? undefined : stack.use(await startPlainNginx(nginx, dir, ranker.port));
  const { connections, seconds, writes, rounds } = options;
  const site = { dir, redis: board.redis, ranker, tokens: board.tokens, connections, seconds, writes };

  const toCells = (route: Route) => ({
    route,
    ofRanker: toRouteCell(site, route, ["ranker", ranker]),
    ofGateway: toRouteCell(site, route, ["gateway", gateway]),
  });
  const views = { region: `/top?region=${REGION}`, global: `/top?region=${GLOBAL}` };
  const submit = toCells({ name: "submit", request: ["submit", board.tokensFile, DELTA], isWrite: true });
  const best = toCells({
    name: "best, not better",
    request: ["score", board.tokensFile, "/score/submit", "best", ...TRY],
    isWrite: true,
    leavesEvents: false,
  });
  const set = toCells({
    name: "set",
    request: ["score", board.tokensFile, "/score/update", "best", ...SCORES],
    isWrite: true,
  });
  const operator = await issueOperator();
  const toItems = (items: number) => ["items", operator, board.players.count, REGION, items] as const;
  const single = toCells({ name: "single", request: [...toItems(1)], isWrite: true });
  const bulk = toCells({
    name: `bulk of ${ITEMS_MAX}`,
    request: [...toItems(ITEMS_MAX)],
    isWrite: true,
    writesEach: ITEMS_MAX,
    connections: BULK_CONNECTIONS,
  });
  const singleInTurn = toCells({ ...single.route, name: "single in turn", connections: 1 });
  const bulkInTurn = toCells({ ...bulk.route, name: "bulk in turn", connections: 1 });
  const rank = toCells({ name: "rank", request: ["rank", board.players.count, REGION], isWrite: false });
  const top = toCells({ name: "top", request: ["get", views.region], isWrite: false });
  const topOfAll = toCells({ name: "top GLOBAL", request: ["get", views.global], isWrite: false });
  const around = toCells({
    name: "around",
    request: ["around", board.players.count, REGION, RANGE],
    isWrite: false,
  });
  const rankOfAll = toCells({ name: "rank GLOBAL", request: ["rank", board.players.count, GLOBAL], isWrite: false });
  const aroundOfAll = toCells({
    name: "around GLOBAL",
    request: ["around", board.players.count, GLOBAL, RANGE],
    isWrite: false,
  });
  const topsOfAll = toCells({ name: "tops GLOBAL", request: ["tops", GLOBAL, LIMIT_MAX], isWrite: false });
  const toPages = (region: string, least: number, most: number) =>
    toCells({ name: `pages ${region} ${least}`, request: ["pages", region, least, most], isWrite: false }).ofRanker;
  const script = "redis-benchmark, the same script";
  const constant = "Bun.serve, a constant body as long";
  const submitCommand = { command: await toSubmitCommand(board), players: board.tokens.length };
  const rankCommand = { command: ["ZREVRANK", "bare", RANDOM_PLAYER], players: board.players.count };

  const comparisons: Comparison[] = [
    compareRates(
      { row: "submit", what: "submit at the ranker", yardstick: script, aims: atLeast(0.7) },
      submit.ofRanker,
      toCommandCell(site, submit.route, submitCommand),
    ),
    compareRates(
      {
        row: "best",
        what: "best that is not better, at the ranker",
        yardstick: "set on the same board",
        aims: atLeast(1.5),
      },
      best.ofRanker,
      set.ofRanker,
    ),
    compareRates(
      {
        row: "bulk",
        what: `scores of ${ITEMS_MAX} players a request, at the ranker`,
        yardstick: "one player a request, on 64 connections",
        aims: atLeast(5),
      },
      bulk.ofRanker,
      single.ofRanker,
    ),
    compareRates(
      {
        row: "bulk",
        what: `the same through the gateway, one request after another`,
        yardstick: "one player a request, one after another",
        aims: [],
      },
      bulkInTurn.ofGateway,
      singleInTurn.ofGateway,
    ),
    compareRates(
      { row: "rank", what: "rank at the ranker", yardstick: "redis-benchmark, bare ZREVRANK", aims: atLeast(0.6) },
      rank.ofRanker,
      toCommandCell(site, rank.route, rankCommand),
    ),
    compareRates(
      { row: "around", what: `around ${RANGE} at the ranker`, yardstick: "rank at the ranker", aims: atLeast(0.5) },
      around.ofRanker,
      rank.ofRanker,
    ),
    compareRates(
      {
        row: "global",
        what: `rank of ${GLOBAL} over ${TOPOLOGY.shards.length} shards at the ranker`,
        yardstick: "rank at the ranker",
        aims: atLeast(0.6),
      },
      rankOfAll.ofRanker,
      rank.ofRanker,
    ),
    compareRates(
      {
        row: "global",
        what: `around ${RANGE} of ${GLOBAL} at the ranker`,
        yardstick: `rank of ${GLOBAL} at the ranker`,
        aims: atLeast(0.5),
      },
      aroundOfAll.ofRanker,
      rankOfAll.ofRanker,
    ),
    compareRates(
      {
        row: "global",
        what: `tops of ${GLOBAL} of changing limits at the ranker`,
        yardstick: `top 100 of ${GLOBAL} at the ranker`,
        aims: [],
      },
      topsOfAll.ofRanker,
      topOfAll.ofRanker,
    ),
    compareRates(
      { row: "top", what: "top 100 of a region at the ranker", yardstick: constant, aims: atLeast(0.7) },
      top.ofRanker,
      toConstantCell(stack, site, { name: "top", path: views.region }),
    ),
    compareRates(
      { row: "top", what: `top 100 of ${GLOBAL} at the ranker`, yardstick: constant, aims: atLeast(0.7) },
      topOfAll.ofRanker,
      toConstantCell(stack, site, { name: "top GLOBAL", path: views.global }),
    ),
  ];
  const middle = Math.ceil(options.entries / 2);
  for (const region of [REGION, GLOBAL]) {
    comparisons.push(
      compareRates(
        {
          row: "pages",
          what: `pages of ${region} from rank ${middle.toLocaleString("en")} on, at the ranker`,
          yardstick: `pages of ${region} from rank 2 on`,
          aims: atLeast(0.5),
        },
        toPages(region, Math.max(2, middle - SPREAD), middle + SPREAD),
        toPages(region, 2, SPREAD),
      ),
    );
  }
  for (const { route, ofGateway } of [submit, rank, top]) {
    const proxied = { what: `${route.name} through the gateway`, yardstick: "nginx, a plain proxy", aims: atLeast(1) };
    if (proxy !== undefined) {
      const ofNginx = toRouteCell(site, route, ["nginx", proxy]);
      comparisons.push(compareRates({ row: "proxy", ...proxied }, ofGateway, ofNginx));
    }
    comparisons.push({
      row: "cpu",
      what: `the gateway's CPU for a ${route.name}`,
      yardstick: "the ranker's in the same run",
      unit: "µs",
      ours: cpuOf(["gateway"], ofGateway),
      theirs: cpuOf(["ranker"], ofGateway),
      aims: [{ of: "ratio", at: "most", value: 0.8 }],
    });
  }

  comparisons.push(...compareMany(site, board.players.count));

  const needed = comparisons.filter(
    ({ row }) =>
      isAsked(row) ||
      (row === "cpu" && isAsked("memory")) || // its loads reach both services
      (row === "submit" && isAsked("visible")), // half its rate is sent there
  );
  const memory = watchMemory({ ranker: ranker.pid, gateway: gateway.pid });
  await warmUp(cellsOf(needed), say);
  memory.markWarm();
  const measured = await measureComparisons(needed, { rounds, what: "loading all routes", say, onRepeat });
  measured.rows.push(...memory.toRows());
  if (isAsked("mix")) {
    const mix = await measureMix(site, { tokensFile: board.tokensFile, players: board.players.count, gateway }, run);
    measured.rows.push(...mix.rows);
    measured.loads.push(...mix.loads);
  }
  const atRanker = measured.loads.find(({ load }) => load === submit.ofRanker.name);
  if (!isAsked("visible") || atRanker === undefined) return measured;
  const perSecond = atRanker.ratePerSecond.median / 2;
  const visible = await measureVisibility(site, { request: submit.route.request, perSecond }, run);
  return { rows: [...measured.rows, ...visible.rows], loads: [...measured.loads, ...visible.loads] };
}

/**
 * The call of `submit.lua` that the ranker makes for a single submit. Loads the script into Redis.
 * `redis-benchmark` fills each key and argument with a different player. The script does the work
 * of a real submit, but the stored data mixes players.
 */
async function toSubmitCommand({ redis, players }: Board): Promise<string[]> {
  const run = (await readInfo(redis.admin, "server")).get("run_id") ?? "";
  const sha1 = String(await redis.admin.send("SCRIPT", ["LOAD", SUBMIT_SOURCE]));
  const shard = shardOf(TOPOLOGY, REGION, RANDOM_PLAYER);
  await redis.admin.send("HSET", [boardsKey(shard), MAIN_BOARD, "0 open"]);
  const board = rankedIn(configuredBoard(MAIN_BOARD), 0);
  const shared = toSharedCall({ topology: TOPOLOGY, queueMax: QUEUE_MAX }, { shard, board });
  const player = { userId: RANDOM_PLAYER, name: players.at(0).name, region: REGION };
  const submission = { operation: "add", board: MAIN_BOARD, value: DELTA } as const;
  const taken = { written: toWritten(board, submission), board };
  const write = toWriteCall(shard, player, submission, taken);
  const keys = [...shared.keys, ...write.keys];
  return ["EVALSHA", sha1, String(keys.length), ...keys, run, ...[...shared.args, ...write.args].map(String)];
}
