import { parseArgs } from "node:util";
import { ConfigError, type Environment } from "shared/config";
import { createLog } from "shared/log";
import { awaitReady } from "shared/redis";
import { PARTITIONS_MAX } from "shared/regions";
import { connectStores } from "shared/stores";
import { loadDrainerConfig } from "./config.ts";
import { openDatabases } from "./databases.ts";
import { createProgress, rate } from "./progress.ts";
import { type RegionMoved, repartition } from "./repartition.ts";

const READY_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 5_000;

const HELP = `Moves all entries to another number of partitions. Ranks, ties and versions stay as they are.

  bun run repartition --to N

  --to N           partitions a region, from 1 to ${PARTITIONS_MAX}
  --help           shows this

One region after another is closed for writes (503, nothing is changed) from the beginning of its move until services
with PARTITIONS=N are there: restart rankers, then drainers, with it as soon as this has ended. Reads go on while entries
are copied, if N or the number before is 1, and are 503, too, from then on. Ended in the middle, it is to be run again,
with the same N. Not beside restore or reconcile --fix.
`;

/** @returns nothing when help was asked for @throws ConfigError */
function readTarget(args: string[]): number | undefined {
  let values: { to?: string; help?: boolean };
  try {
    const options = { to: { type: "string" }, help: { type: "boolean", short: "h" } } as const;
    values = parseArgs({ args, options }).values;
  } catch (error) {
    throw new ConfigError([error instanceof Error ? error.message : String(error)], "Not understood");
  }
  if (values.help) return undefined;
  const to = /^\d{1,4}$/.test(values.to ?? "") ? Number(values.to) : 0;
  if (to >= 1 && to <= PARTITIONS_MAX) return to;
  throw new ConfigError([`--to must be a whole number from 1 to ${PARTITIONS_MAX}`], "Not understood");
}

function describe({ region, from, entries, answers, broken }: RegionMoved, to: number): string {
  if (from === to) return `${region}: has ${to} already.`;
  const moved = `${entries} entries and ${answers} answers moved from ${from} to ${to}`;
  return `${region}: ${moved}.${broken === 0 ? "" : ` ${broken} were broken: bun run reconcile --fix`}`;
}

/** `bun run repartition`: another number of partitions for the configured Redis. */
async function run(to: number, env: Environment): Promise<void> {
  const config = loadDrainerConfig(env);
  const { redisUrl: homeUrl, redisUrlByRegion: urlsByRegion, topology, batchMax } = config;
  const log = createLog("repartition", "error");
  const stores = connectStores({
    ...{ homeUrl, urlsByRegion, name: "repartition", log, commandTimeoutMs: COMMAND_TIMEOUT_MS },
  });
  const databases = openDatabases(config.postgresUrl, config.postgresUrlByRegion);
  const progress = createProgress();
  const startedAt = performance.now();
  try {
    await Promise.all(stores.all.map((redis) => awaitReady(redis, READY_TIMEOUT_MS)));
    const moved = repartition({
      ...{ topology, to, stores, databases, batchMax },
      onProgress(region, { entries }) {
        const done = `${region}: ${entries.toLocaleString("en")} entries`;
        progress.show(`${done}, ${rate(entries, performance.now() - startedAt)}`);
      },
    });
    for await (const region of moved) {
      progress.end();
      process.stdout.write(`${describe(region, to)}\n`);
    }
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    process.stdout.write(`Done in ${seconds} s: restart rankers and drainers with PARTITIONS=${to}.\n`);
  } finally {
    progress.end();
    stores.close();
    await databases.close();
  }
}

try {
  const to = readTarget(process.argv.slice(2));
  if (to === undefined) process.stdout.write(HELP);
  else await run(to, process.env);
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
