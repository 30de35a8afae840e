import { GLOBAL } from "shared/model/regions";
import { measureLoad, toLoadFigures } from "../harness/load.ts";
import { measureInRounds, warmUp } from "../harness/rounds.ts";
import { type Measured, toRow } from "../harness/row.ts";
import type { HttpSite } from "../load/http-cells.ts";
import { runWrk, type WrkRequest } from "../load/wrk.ts";
import type { RowRun } from "../ratios/options.ts";
import { untilDrained } from "../stage/queued-events.ts";
import { type BenchService, startBenchDrainer } from "../stage/services.ts";
import { startBenchPostgres } from "../stage/stores.ts";

const DATABASE = "mix";
const PERCENT_OF_WRITES = 40;
const DELTA = 5;

/** Measures submits among reads of all regions, through the gateway, with a drainer behind. */
export async function measureMix(
  { redis, ranker, connections, seconds }: HttpSite,
  { tokensFile, players, gateway }: { tokensFile: string; players: number; gateway: BenchService },
  { dir, options, say, onRepeat }: RowRun,
): Promise<Measured> {
  await using stack = new AsyncDisposableStack();
  say("starting a drainer for the mix");
  const server = stack.use(await startBenchPostgres(dir, [DATABASE]));
  const stores = { REDIS_URL: redis.url, POSTGRES_URL: server.url(DATABASE) };
  const drainer = stack.use(await startBenchDrainer(dir, stores));
  const processes = {
    redis: redis.pid,
    ranker: ranker.pid,
    gateway: gateway.pid,
    drainer: drainer.pid,
    postgres: server.pid,
  };
  const request: WrkRequest = ["mix", tokensFile, DELTA, PERCENT_OF_WRITES, players, GLOBAL];

  async function measure() {
    const load = await measureLoad(processes, () => runWrk({ url: gateway.url, request, connections, seconds }));
    await untilDrained(redis.admin);
    return load;
  }

  const cells = [{ name: "mix, gateway", measure }];
  await warmUp(cells, say);
  const rounds = { rounds: options.rounds, what: "mixing writes and reads", say, onRepeat };
  const loads = [...(await measureInRounds(cells, rounds)).values()].flat();
  const reads = `${100 - PERCENT_OF_WRITES} % ranks, neighbours and tops of ${GLOBAL}`;
  const texts = { row: "mix", yardstick: "", unit: "/s", aims: [] } as const;
  const faults = loads.flatMap((load) => load.faults);
  return {
    rows: [
      toRow(
        { ...texts, what: `${PERCENT_OF_WRITES} % submits, ${reads}, through the gateway` },
        { ours: loads.map(({ ratePerSecond }) => ratePerSecond), faults },
      ),
      toRow(
        { ...texts, what: "the same, p99", unit: "ms" },
        { ours: loads.map(({ p99Ms = Number.NaN }) => p99Ms), faults },
      ),
    ],
    loads: [toLoadFigures("mix, gateway", loads)],
  };
}
