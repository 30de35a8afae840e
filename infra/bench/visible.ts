import { queueKey } from "shared/redis/keys";
import { startBenchPostgres } from "./bench-postgres.ts";
import type { HttpSettings, HttpSite } from "./http-site.ts";
import { type Load, measureLoad } from "./load.ts";
import { type LoadFigures, toLoadFigures } from "./load-figures.ts";
import { SHARD } from "./queued-events.ts";
import { measureInRounds } from "./rounds.ts";
import { oursAtMost, type Row } from "./rows.ts";
import { startBenchService } from "./services.ts";
import { spreadOf } from "./spread.ts";
import { percentile } from "./statistics.ts";
import { probeVisibility } from "./visibility-probe.ts";
import type { Asked } from "./wrk.ts";
import { runWrk } from "./wrk.ts";

/** The delays of one round, with the load that they were met under. */
interface Seen {
  load: Load;
  latenciesMs: number[];
  faults: string[];
}

const P99_MAX_MS = 250;
const DATABASE = "visible";
const PROBES_PER_SECOND = 50;
// Of the load that is wanted: with less the figures would be of another one.
const LOAD_MIN = 0.95;
const POLL_MS = 10;

/**
 * How long after its answer a write is to be seen in PostgreSQL, while as many writes as said come in whether or not
 * the ones before have been answered.
 */
export async function measureVisibility(
  site: HttpSite,
  { submit, perSecond, settings }: { submit: Asked; perSecond: number; settings: HttpSettings },
  { say, onRepeat }: { say: (text: string) => void; onRepeat: (text: string) => void },
): Promise<{ rows: Row[]; loads: LoadFigures[] }> {
  const { dir, board, ranker } = site;
  await using stack = new AsyncDisposableStack();
  say("starting a drainer behind the ranker");
  const server = await startBenchPostgres(dir, "postgres-visible", [DATABASE]);
  stack.defer(server.kill);
  const postgresUrl = server.url(DATABASE);
  const env = {
    REDIS_URL: board.redis.url,
    POSTGRES_URL: postgresUrl,
    // PostgreSQL has none of the seed: what it lacks would be reported, a million times.
    RECONCILE_INTERVAL_SECONDS: "0",
  };
  const drainer = await startBenchService("drainer", dir, env);
  stack.defer(drainer.kill);
  const processes = { redis: board.redis.pid, ranker: ranker.pid, drainer: drainer.pid, postgres: server.pid };

  async function measure(): Promise<Seen> {
    const driven = measureLoad(processes, () => runWrk({ ...settings, url: ranker.url, asked: submit, perSecond }));
    const probe = { url: ranker.url, tokens: board.tokens, postgresUrl, perSecond: PROBES_PER_SECOND, until: driven };
    const [load, { latenciesMs, faults }] = await Promise.all([driven, probeVisibility(probe)]);
    while (Number(await board.admin.send("LLEN", [queueKey(SHARD)])) > 0) await Bun.sleep(POLL_MS);
    const isLess = load.ratePerSecond < LOAD_MIN * perSecond;
    const less = isLess ? [`${load.ratePerSecond.toFixed(0)} writes/s instead of ${perSecond.toFixed(0)}`] : [];
    return { load, latenciesMs, faults: [...load.faults, ...faults, ...less] };
  }

  const onRound = (round: number) => say(`probing PostgreSQL, ${round === 0 ? "warming up" : `round ${round}`}`);
  const measured = await measureInRounds([{ name: "visible", measure }], {
    rounds: settings.rounds,
    warmsUp: true,
    onRound,
    onRepeat,
  });
  const rounds = [...measured.values()].flat();
  const faults = rounds.flatMap((round) => round.faults);
  const yardstick = `at half the submit rate, ${perSecond.toFixed(0)}/s`;
  const toRow = (percent: number) => ({
    row: "visible" as const,
    what: `acknowledged to visible in PostgreSQL, p${percent}`,
    yardstick,
    unit: "ms",
    ours: spreadOf(rounds.map(({ latenciesMs }) => percentile(latenciesMs, percent))),
    faults,
  });
  return {
    rows: [
      { ...toRow(50), aims: [] },
      { ...toRow(99), aims: [oursAtMost(P99_MAX_MS)] },
    ],
    loads: [
      toLoadFigures(
        "submit, paced, with a drainer",
        rounds.map(({ load }) => load),
      ),
    ],
  };
}
