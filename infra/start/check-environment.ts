import { commonFields } from "shared/service/config";
import { ConfigError, type Environment } from "shared/service/environment";
import { loadDrainerConfig } from "../../drainer/src/config.ts";
import { loadGatewayConfig } from "../../gateway/src/config.ts";
import { loadRankerConfig } from "../../ranker/src/config.ts";
import { serviceEnvironment } from "./environment.ts";
import type { StackOptions } from "./stack-options.ts";

// The stack makes its addresses and its secret itself, so any valid ones serve for the check.
const ADDRESSES = {
  redisUrl: "redis://127.0.0.1",
  postgresUrl: (database: string) => `postgres://127.0.0.1/${database}`,
  jwtSecret: "x".repeat(64),
};

/**
 * Checks the variables of all services before the stack starts anything: otherwise the first fault
 * would show when the stores are up, and the next one at the next start.
 *
 * @throws ConfigError with every fault, each once
 */
export function checkEnvironment(env: Environment, options: StackOptions): void {
  // The names of the databases depend on the regions.
  const regions = commonFields.REGIONS.safeParse(env.REGIONS || undefined);
  if (!regions.success) throw new ConfigError([`REGIONS ${regions.error.issues[0]?.message}`]);
  const passed = { ...serviceEnvironment(env, ADDRESSES, options), PORT: "0" };
  const loads = [loadGatewayConfig, loadRankerConfig, loadDrainerConfig];
  const faults = new Set(loads.flatMap((load) => faultsOf(() => load(passed))));
  if (faults.size > 0) throw new ConfigError([...faults]);
}

function faultsOf(load: () => unknown): readonly string[] {
  try {
    load();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}
