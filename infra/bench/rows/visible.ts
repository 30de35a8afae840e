import { measureLoad, toLoadFigures } from "../harness/load.ts";
import { measureInRounds, warmUp } from "../harness/rounds.ts";
import { type Aim, type Measured, toRow } from "../harness/row.ts";
import { percentile } from "../harness/statistics.ts";
import { probeCommits } from "../load/commit-probe.ts";
import type { HttpSite } from "../load/http-cells.ts";
import { runWrk, type WrkRequest } from "../load/wrk.ts";
import type { RowRun } from "../ratios/options.ts";
import { untilDrained } from "../stage/queued-events.ts";
import { startBenchDrainer } from "../stage/services.ts";
import { startBenchPostgres } from "../stage/stores.ts";

const P99_MAX: Aim = { of: "ours", at: "most", value: 250 };
const DATABASE = "visible";
const PROBES_PER_SECOND = 50;
// A round with a lower share of the wanted load says nothing about that load.
const LOAD_MIN = 0.95;

/** Measures how long an acknowledged write takes to appear in PostgreSQL, at a rate of submits. */
export async function measureVisibility(
  { redis, ranker, tokens, connections, seconds }: HttpSite,
  { request, perSecond }: { request: WrkRequest; perSecond: number },
  { dir, options, say, onRepeat }: RowRun,
): Promise<Measured> {
  await using stack = new AsyncDisposableStack();
  say("starting a drainer behind the ranker");
  const server = stack.use(await startBenchPostgres(dir, [DATABASE]));
  const postgresUrl = server.url(DATABASE);
  const drainer = stack.use(await startBenchDrainer(dir, { REDIS_URL: redis.url, POSTGRES_URL: postgresUrl }));
  const processes = { redis: redis.pid, ranker: ranker.pid, drainer: drainer.pid, postgres: server.pid };
  const { url } = ranker;

  async function measure() {
    const until = measureLoad(processes, () => runWrk({ url, request, connections, seconds, perSecond }));
    const probing = probeCommits(postgresUrl, { url, tokens, perSecond: PROBES_PER_SECOND, until });
    const [load, { latenciesMs, faults }] = await Promise.all([until, probing]);
    await untilDrained(redis.admin);
    const isLess = load.ratePerSecond < LOAD_MIN * perSecond;
    const less = isLess ? [`${load.ratePerSecond.toFixed(0)} writes/s instead of ${perSecond.toFixed(0)}`] : [];
    return { load, latenciesMs, faults: [...load.faults, ...faults, ...less] };
  }

  const cells = [{ name: "visible", measure }];
  await warmUp(cells, say);
  const rounds = { rounds: options.rounds, what: "probing PostgreSQL", say, onRepeat };
  const figures = [...(await measureInRounds(cells, rounds)).values()].flat();
  const toPercentileRow = (percent: number, aims: Aim[]) => {
    const what = `acknowledged to visible in PostgreSQL, p${percent}`;
    const yardstick = `at half the submit rate, ${perSecond.toFixed(0)}/s`;
    const ours = figures.map(({ latenciesMs }) => percentile(latenciesMs, percent));
    const faults = figures.flatMap((figure) => figure.faults);
    return toRow({ row: "visible", what, yardstick, unit: "ms", aims }, { ours, faults });
  };
  const loads = figures.map(({ load }) => load);
  return {
    rows: [toPercentileRow(50, []), toPercentileRow(99, [P99_MAX])],
    loads: [toLoadFigures("submit, paced, with a drainer", loads)],
  };
}
