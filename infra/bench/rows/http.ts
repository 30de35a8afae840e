import { GLOBAL } from "shared/model/regions";
import { nginx } from "../../deploy/nginx/nginx-under-test.ts";
import { type Comparison, measureComparisons } from "../harness/comparison.ts";
import type { Measured, RowName } from "../harness/row.ts";
import { createRouteCells } from "../load/route-cells.ts";
import type { RowRun } from "../ratios/options.ts";
import { startBoard } from "../stage/board.ts";
import { startPlainNginx } from "../stage/plain-nginx.ts";
import { startBenchService } from "../stage/services.ts";
import { REGION } from "../stage/topology.ts";
import { toCpuRow } from "./cpu.ts";
import { watchMemory } from "./memory.ts";
import { toProxyRow } from "./proxy.ts";
import { toRankRoute, toRankRow } from "./rank.ts";
import { toSubmitRoute, toSubmitRow } from "./submit.ts";
import { toTopRoute, toTopRow } from "./top.ts";
import { measureVisibility } from "./visible.ts";

/** Measures all rows that need a large board and a ranker, and those whose loads they share. */
export async function measureHttp(run: RowRun): Promise<Measured> {
  const { dir, options, say, repeat } = run;
  await using stack = new AsyncDisposableStack();
  say(`seeding ${options.entries} entries`);
  const board = stack.use(await startBoard(dir, options.entries, options.players));
  const env = { REDIS_URL: board.redis.url };
  const ranker = stack.use(await startBenchService("ranker", dir, env));
  const gatewayEnv = { ...env, LEADERBOARD_SERVICE_URLS: ranker.url };
  const gateway = stack.use(await startBenchService("gateway", dir, gatewayEnv));
  const proxy = nginx === undefined ? undefined : stack.use(await startPlainNginx(dir, ranker.port));
  const site = { dir, board, ranker, gateway, nginx: proxy };

  const { cellOf } = stack.use(createRouteCells(site, options));
  const submit = await toSubmitRoute(board);
  const rank = toRankRoute(board);
  const top = toTopRoute("top", REGION);
  const proxied = [submit, rank, top];
  const comparisons: Comparison[] = [
    toSubmitRow(submit, cellOf),
    toRankRow(rank, cellOf),
    toTopRow(top, "a region", cellOf),
    toTopRow(toTopRoute("top GLOBAL", GLOBAL), GLOBAL, cellOf),
    ...proxied.flatMap((route) => (proxy === undefined ? [] : toProxyRow(route, cellOf))),
    ...proxied.map((route) => toCpuRow(route, cellOf)),
  ];
  const isNeeded = (row: RowName) =>
    options.only.includes(row) ||
    (row === "cpu" && options.only.includes("memory")) || // its loads reach both services
    (row === "submit" && options.only.includes("visible")); // half its rate is sent there
  const memory = watchMemory({ ranker: ranker.pid, gateway: gateway.pid });
  const onRound = (round: number) => {
    if (round === 1) memory.markWarm();
    say(round === 0 ? "warming up" : `loading all routes, round ${round} of ${options.rounds}`);
  };
  const rounds = { rounds: options.rounds, warmsUp: true, onRound, onRepeat: repeat };
  const measured = await measureComparisons(
    comparisons.filter(({ row }) => isNeeded(row)),
    rounds,
  );
  measured.rows.push(...memory.toRows());
  const atRanker = measured.loads.find(({ load }) => load === cellOf(submit, "ranker").name);
  if (!options.only.includes("visible") || atRanker === undefined) return measured;
  const perSecond = atRanker.ratePerSecond.median / 2;
  const visible = await measureVisibility(site, { request: submit.request, perSecond }, run);
  return { rows: [...measured.rows, ...visible.rows], loads: [...measured.loads, ...visible.loads] };
}
