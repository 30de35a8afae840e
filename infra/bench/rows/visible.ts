import { queueKey } from "shared/redis/keys";
import { faultsOf, measureLoad, toLoadFigures } from "../harness/load.ts";
import { measureInRounds } from "../harness/rounds.ts";
import type { Aim, Measured } from "../harness/row.ts";
import { percentile, spreadOf } from "../harness/statistics.ts";
import type { HttpSite } from "../load/route-cells.ts";
import { probeVisibility } from "../load/visibility-probe.ts";
import { runWrk, type WrkRequest } from "../load/wrk.ts";
import type { RowRun } from "../ratios/options.ts";
import { startBenchDrainer } from "../stage/services.ts";
import { startBenchPostgres } from "../stage/stores.ts";
import { SHARD } from "../stage/topology.ts";

const P99_MAX: Aim = { of: "ours", at: "most", value: 250 };
const DATABASE = "visible";
const PROBES_PER_SECOND = 50;
// A round with a lower share of the wanted load says nothing about that load.
const LOAD_MIN = 0.95;
const POLL_MS = 10;

/** Measures how long an acknowledged write takes to appear in PostgreSQL, at a fixed arrival rate of submits. */
export async function measureVisibility(
  { board, ranker }: HttpSite,
  { request, perSecond }: { request: WrkRequest; perSecond: number },
  { dir, options, say, repeat }: RowRun,
): Promise<Measured> {
  const { connections, seconds, rounds } = options;
  await using stack = new AsyncDisposableStack();
  say("starting a drainer behind the ranker");
  const server = stack.use(await startBenchPostgres(dir, [DATABASE]));
  const postgresUrl = server.url(DATABASE);
  const env = { REDIS_URL: board.redis.url, POSTGRES_URL: postgresUrl };
  const drainer = stack.use(await startBenchDrainer(dir, env));
  const processes = { redis: board.redis.pid, ranker: ranker.pid, drainer: drainer.pid, postgres: server.pid };

  async function measure() {
    const driven = measureLoad(processes, () => runWrk({ url: ranker.url, request, connections, seconds, perSecond }));
    const probe = { url: ranker.url, tokens: board.tokens, postgresUrl, perSecond: PROBES_PER_SECOND, until: driven };
    const [load, { latenciesMs, faults }] = await Promise.all([driven, probeVisibility(probe)]);
    while (Number(await board.redis.admin.send("LLEN", [queueKey(SHARD)])) > 0) await Bun.sleep(POLL_MS);
    const isLess = load.ratePerSecond < LOAD_MIN * perSecond;
    const less = isLess ? [`${load.ratePerSecond.toFixed(0)} writes/s instead of ${perSecond.toFixed(0)}`] : [];
    return { load, latenciesMs, faults: [...load.faults, ...faults, ...less] };
  }

  const measured = await measureInRounds([{ name: "visible", measure }], {
    rounds,
    warmsUp: true,
    onRound: (round) => say(`probing PostgreSQL, ${round === 0 ? "warming up" : `round ${round} of ${rounds}`}`),
    onRepeat: repeat,
  });
  const figures = [...measured.values()].flat();
  const toRow = (percent: number, aims: Aim[]) => ({
    row: "visible" as const,
    what: `acknowledged to visible in PostgreSQL, p${percent}`,
    yardstick: `at half the submit rate, ${perSecond.toFixed(0)}/s`,
    unit: "ms",
    ours: spreadOf(figures.map(({ latenciesMs }) => percentile(latenciesMs, percent))),
    aims,
    faults: faultsOf(figures),
  });
  const loads = figures.map(({ load }) => load);
  return {
    rows: [toRow(50, []), toRow(99, [P99_MAX])],
    loads: [toLoadFigures("submit, paced, with a drainer", loads)],
  };
}
