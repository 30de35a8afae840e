import { commonFields } from "shared/service/config";
import { ConfigError, type Environment } from "shared/service/environment";
import { loadDrainerConfig } from "../../drainer/src/config.ts";
import { loadGatewayConfig } from "../../gateway/src/config.ts";
import { loadRankerConfig } from "../../ranker/src/config.ts";
import { readKeptPartitions, requireDataDir } from "./data-dir.ts";
import { serviceEnvironment } from "./environment.ts";
import { type StackFlags, type StackOptions, toStackOptions } from "./stack-options.ts";
import { faultsOfReplaced } from "./variables-given.ts";

// The stack makes its addresses and its secret itself, so any valid ones serve for the check.
const ADDRESSES = {
  redisUrl: "redis://127.0.0.1",
  postgresUrl: (database: string) => `postgres://127.0.0.1/${database}`,
  jwtSecret: "x".repeat(64),
};

/**
 * Checks the variables of the stack and of all services before anything starts: otherwise the first
 * fault would show when the stores are up, and the next one at the next start.
 *
 * @param root folder that a relative DATA_DIR starts from
 * @throws ConfigError with every fault, each once
 */
export function readStackOptions(flags: StackFlags, env: Environment, root: string): StackOptions {
  const faults: string[] = [];
  const collect = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      faults.push(...error.faults);
      return undefined;
    }
  };
  const options = collect(() => toStackOptions(flags, env, root));
  faults.push(...faultsOfReplaced(env));
  // The names of the databases depend on the regions.
  const regions = commonFields.REGIONS.safeParse(env.REGIONS || undefined);
  if (!regions.success) faults.push(`REGIONS ${regions.error.issues[0]?.message}`);
  const checked = regions.success ? env : { ...env, REGIONS: undefined };
  const used = options ?? toStackOptions(flags, {}, root);
  const passed = { ...serviceEnvironment(checked, ADDRESSES, used), PORT: "0" };
  for (const load of [loadGatewayConfig, loadRankerConfig, loadDrainerConfig]) collect(() => load(passed));
  if (options !== undefined) {
    collect(() => requireDataDir(options.dataDir));
    collect(() => requireKept(env.PARTITIONS, options));
  }
  if (faults.length > 0 || options === undefined) throw new ConfigError([...new Set(faults)]);
  return options;
}

/** @throws ConfigError where the user asks for another number of partitions than the data has */
function requireKept(asked: string | undefined, { dataDir, fresh }: StackOptions): void {
  const kept = fresh ? undefined : readKeptPartitions(dataDir);
  // A number that is not valid is a fault of its own.
  const isValid = commonFields.PARTITIONS.safeParse(asked || undefined).success;
  if (asked && isValid && kept !== undefined && Number(asked) !== Number(kept)) {
    throw new ConfigError([otherPartitions(asked, kept)]);
  }
}

/** What is wrong where the user asks for another number of partitions than the data has. */
export const otherPartitions = (asked: string, kept: string | number): string =>
  `PARTITIONS is ${asked}, but the kept data has ${kept}: start without PARTITIONS, then run ./lb repartition --to ${asked}`;
