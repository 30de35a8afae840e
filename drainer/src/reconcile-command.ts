import { ConfigError, type Environment } from "shared/config";
import { createLog } from "shared/log";
import { awaitStores, connectStores } from "shared/stores";
import { loadDrainerConfig } from "./config.ts";
import { openDatabases } from "./databases.ts";
import { createProgress, rate } from "./progress.ts";
import type { Drift } from "./reconcile.ts";
import { HELP, readReconcileOptions } from "./reconcile-options.ts";
import { accountSweep, entrySweeps } from "./subjects.ts";

const COMMAND_TIMEOUT_MS = 5_000;

const toLine = ({ tag, isRepaired, ...drift }: Drift) => JSON.stringify({ queue: tag, ...drift, repaired: isRepaired });
const describe = ({ kind, user_id, key, isRepaired, reason }: Drift) =>
  [kind.padEnd(13), user_id, key, isRepaired ? "repaired" : "", reason].filter((part) => part).join("  ");

/** @returns the exit code */
async function run(args: string[], env: Environment): Promise<number> {
  const config = loadDrainerConfig(env);
  const { redisUrl: homeUrl, redisUrlByRegion: urlsByRegion, topology } = config;
  const options = readReconcileOptions(args, topology.regions);
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const { isFixing, asJson, region } = options;
  const log = createLog("reconcile", "error");
  const stores = connectStores({ homeUrl, urlsByRegion, name: "reconcile", log, commandTimeoutMs: COMMAND_TIMEOUT_MS });
  const databases = openDatabases(config.postgresUrl, config.postgresUrlByRegion);
  const progress = createProgress();
  const total = { compared: 0, moving: 0, differences: 0, repaired: 0 };
  const startedAt = performance.now();
  try {
    await awaitStores(stores, topology, config.isProduction, log);
    const sides = { topology, stores, databases };
    const shards = topology.shards.filter((shard) => region === undefined || shard.region === region);
    const sweeps = [...entrySweeps(sides, shards), ...(region === undefined ? [accountSweep(sides)] : [])];
    for (const sweep of sweeps) {
      const { compared, moving } = await sweep({
        isFixing,
        onDrift(drift) {
          total.differences++;
          if (drift.isRepaired) total.repaired++;
          process.stdout.write(`${asJson ? toLine(drift) : describe(drift)}\n`);
        },
        onPage: (counts) => {
          const looks = total.compared + counts.compared;
          progress.show(`${looks} looks, ${rate(looks, performance.now() - startedAt)}`);
        },
      });
      total.compared += compared;
      total.moving += moving;
    }
  } finally {
    progress.end();
    stores.close();
    await databases.close();
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const left = `${total.moving} left alone because they are being written`;
  const text = `Done in ${seconds} s: ${total.differences} differences, ${total.repaired} repaired; ${left}.`;
  process.stdout.write(`${asJson ? JSON.stringify(total) : text}\n`);
  return total.differences > total.repaired ? 2 : 0;
}

/** `bun run reconcile`: compares the configured Redis with the configured PostgreSQL, and repairs when told to. */
try {
  process.exitCode = await run(process.argv.slice(2), process.env);
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
