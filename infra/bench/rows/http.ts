import { GLOBAL, shardOf } from "shared/model/regions";
import { MAIN_BOARD } from "shared/redis/keys";
import { SUBMIT_SOURCE, toSharedCall, toWriteCall } from "../../../ranker/src/writes/submit-script.ts";
import { nginx } from "../../deploy/nginx/nginx-under-test.ts";
import { warmUp } from "../harness/rounds.ts";
import {
  type Aim,
  type Comparison,
  cellsOf,
  cpuOf,
  type Measured,
  measureComparisons,
  rateOf,
} from "../harness/row.ts";
import { type Route, toCommandCell, toConstantCell, toRouteCell } from "../load/http-cells.ts";
import { RANDOM_PLAYER } from "../load/redis-benchmark.ts";
import type { RowRun } from "../ratios/options.ts";
import { type Board, startBoard } from "../stage/board.ts";
import { startPlainNginx } from "../stage/plain-nginx.ts";
import { QUEUE_MAX, startBenchService } from "../stage/services.ts";
import { REGION, TOPOLOGY } from "../stage/topology.ts";
import { watchMemory } from "./memory.ts";
import { measureVisibility } from "./visible.ts";

const DELTA = 5;
const atLeast = (value: number): Aim[] => [{ of: "ratio", at: "least", value }];

/** Measures all rows that need a large board and a ranker, and those whose loads they share. */
export async function measureHttp(run: RowRun): Promise<Measured> {
  const { dir, options, say, onRepeat } = run;
  await using stack = new AsyncDisposableStack();
  say(`seeding ${options.entries} entries`);
  const board = await startBoard(stack, { dir, entries: options.entries, withTokens: options.players });
  const env = { REDIS_URL: board.redis.url };
  const ranker = stack.use(await startBenchService("ranker", dir, env));
  const gateway = stack.use(await startBenchService("gateway", dir, { ...env, LEADERBOARD_SERVICE_URLS: ranker.url }));
  const proxy = nginx === undefined ? undefined : stack.use(await startPlainNginx(nginx, dir, ranker.port));
  const { connections, seconds, writes, rounds } = options;
  const site = { dir, redis: board.redis, ranker, tokens: board.tokens, connections, seconds, writes };

  const toRoute = (name: string, request: Route["request"], isWrite = false) => {
    const route = { name, request, isWrite };
    const ofGateway = toRouteCell(site, route, ["gateway", gateway]);
    return { route, name, ofRanker: toRouteCell(site, route, ["ranker", ranker]), ofGateway };
  };
  const views = { region: `/top?region=${REGION}`, global: `/top?region=${GLOBAL}` };
  const submit = toRoute("submit", ["submit", board.tokensFile, DELTA], true);
  const rank = toRoute("rank", ["rank", board.players.count, REGION]);
  const top = toRoute("top", ["get", views.region]);
  const topOfAll = toRoute("top GLOBAL", ["get", views.global]);
  const submitCommand = await toSubmitCommand(board);
  const rankCommand = ["ZREVRANK", "bare", RANDOM_PLAYER];
  const constant = "Bun.serve, a constant body as long";
  const proxied = [submit, rank, top];

  const comparisons: Comparison[] = [
    {
      row: "submit",
      what: "submit at the ranker",
      yardstick: "redis-benchmark, the same script",
      unit: "/s",
      ours: rateOf(submit.ofRanker),
      theirs: rateOf(toCommandCell(site, submit.route, { command: submitCommand, players: board.tokens.length })),
      aims: atLeast(0.7),
    },
    {
      row: "rank",
      what: "rank at the ranker",
      yardstick: "redis-benchmark, bare ZREVRANK",
      unit: "/s",
      ours: rateOf(rank.ofRanker),
      theirs: rateOf(toCommandCell(site, rank.route, { command: rankCommand, players: board.players.count })),
      aims: atLeast(0.6),
    },
    {
      row: "top",
      what: "top 100 of a region at the ranker",
      yardstick: constant,
      unit: "/s",
      ours: rateOf(top.ofRanker),
      theirs: rateOf(toConstantCell(stack, site, { name: "top", path: views.region })),
      aims: atLeast(0.7),
    },
    {
      row: "top",
      what: `top 100 of ${GLOBAL} at the ranker`,
      yardstick: constant,
      unit: "/s",
      ours: rateOf(topOfAll.ofRanker),
      theirs: rateOf(toConstantCell(stack, site, { name: "top GLOBAL", path: views.global })),
      aims: atLeast(0.7),
    },
  ];
  for (const { route, ofGateway } of proxied) {
    if (proxy !== undefined) {
      comparisons.push({
        row: "proxy",
        what: `${route.name} through the gateway`,
        yardstick: "nginx, a plain proxy",
        unit: "/s",
        ours: rateOf(ofGateway),
        theirs: rateOf(toRouteCell(site, route, ["nginx", proxy])),
        aims: atLeast(1),
      });
    }
    comparisons.push({
      row: "cpu",
      what: `the gateway's CPU for a ${route.name}`,
      yardstick: "the ranker's in the same run",
      unit: "µs",
      ours: cpuOf("gateway", ofGateway),
      theirs: cpuOf("ranker", ofGateway),
      aims: [{ of: "ratio", at: "most", value: 0.8 }],
    });
  }

  const isAsked = (row: string) => options.only.some((name) => name === row);
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
  const atRanker = measured.loads.find(({ load }) => load === submit.ofRanker.name);
  if (!isAsked("visible") || atRanker === undefined) return measured;
  const perSecond = atRanker.ratePerSecond.median / 2;
  const visible = await measureVisibility(site, { request: submit.route.request, perSecond }, run);
  return { rows: [...measured.rows, ...visible.rows], loads: [...measured.loads, ...visible.loads] };
}

/**
 * The call of `submit.lua` that the ranker makes for a single submit. Loads the script into Redis.
 * `redis-benchmark` puts a different player into each place that names one: the work is that of a
 * real call, the state that it leaves is not.
 */
async function toSubmitCommand({ redis, run, players }: Board): Promise<string[]> {
  const sha1 = String(await redis.admin.send("SCRIPT", ["LOAD", SUBMIT_SOURCE]));
  const shard = shardOf(TOPOLOGY, REGION, RANDOM_PLAYER);
  const shared = toSharedCall({ topology: TOPOLOGY, queueMax: QUEUE_MAX }, { shard, board: MAIN_BOARD });
  const player = { userId: RANDOM_PLAYER, name: players.at(0).name, region: REGION };
  const write = toWriteCall(shard, player, { operation: "add", board: MAIN_BOARD, value: DELTA });
  const keys = [...shared.keys, ...write.keys];
  return ["EVALSHA", sha1, String(keys.length), ...keys, run, ...[...shared.args, ...write.args].map(String)];
}
