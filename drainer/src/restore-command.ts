import { parseArgs } from "node:util";
import { ConfigError, type Environment } from "shared/config";
import { createLog } from "shared/log";
import { awaitStores, connectStores } from "shared/stores";
import { loadDrainerConfig } from "./config.ts";
import { openDatabases } from "./databases.ts";
import { createProgress, rate } from "./progress.ts";
import { type RestoreCounts, restore } from "./restore.ts";

const COMMAND_TIMEOUT_MS = 5_000;

const describe = ({ entries, newer, accounts, unknown }: RestoreCounts) =>
  `${entries} entries and ${accounts} accounts restored; ${newer} entries were newer in Redis, ` +
  `${unknown} rows are of no configured region or board`;

const HELP = `Rebuilds Redis from PostgreSQL, beside live traffic: whatever Redis holds in a later version stays.

  bun run restore [--help]

Running it again changes nothing more. Ends with 0; with 1 where it failed, and another run completes it.
`;

/** @throws ConfigError for anything but --help */
function isHelp(args: string[]): boolean {
  try {
    return parseArgs({ args, options: { help: { type: "boolean", short: "h" } } }).values.help ?? false;
  } catch (error) {
    throw new ConfigError([error instanceof Error ? error.message : String(error)], "The options are not valid");
  }
}

/** `bun run restore`: rebuilds the configured Redis from the configured PostgreSQL. */
async function run(env: Environment): Promise<void> {
  const config = loadDrainerConfig(env);
  const { redisUrl: homeUrl, redisUrlByRegion: urlsByRegion, topology } = config;
  const log = createLog("restore", "error");
  const stores = connectStores({ homeUrl, urlsByRegion, name: "restore", log, commandTimeoutMs: COMMAND_TIMEOUT_MS });
  const databases = openDatabases(config.postgresUrl, config.postgresUrlByRegion);
  const progress = createProgress();
  try {
    await awaitStores(stores, topology, config.isProduction, log);
    const startedAt = performance.now();
    const onProgress = ({ entries, newer, accounts }: RestoreCounts) => {
      const rows = entries + newer + accounts;
      const done = `${(entries + newer).toLocaleString("en")} entries, ${accounts.toLocaleString("en")} accounts`;
      progress.show(`${done}, ${rate(rows, performance.now() - startedAt)}`);
    };
    const counts = await restore({ topology, stores, databases, onProgress });
    progress.end();
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    process.stdout.write(`Done in ${seconds} s: ${describe(counts)}.\n`);
  } finally {
    stores.close();
    await databases.close();
  }
}

try {
  if (isHelp(process.argv.slice(2))) process.stdout.write(HELP);
  else await run(process.env);
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exit(1);
}
