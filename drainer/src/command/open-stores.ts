import { createLog, type Log } from "shared/log/log";
import type { Environment } from "shared/service/config";
import { awaitStores, connectStores, type Stores } from "shared/stores/stores";
import { type DrainerConfig, loadDrainerConfig } from "../config.ts";
import { openDatabases } from "../postgres/databases.ts";
import type { Sides } from "../subjects/subjects.ts";

// A command may wait longer than a request, behind scripts that are long themselves.
const COMMAND_TIMEOUT_MS = 5_000;

/** Both stores, for as long as a command runs. */
export interface OpenSides extends Sides, AsyncDisposable {
  config: DrainerConfig;
}

/** Waits until the stores can be used by a command. */
type AwaitUse = (stores: Stores, config: DrainerConfig, log: Log) => Promise<void>;

const awaitFit: AwaitUse = (stores, { topology, isProduction }, log) =>
  awaitStores(stores, topology, { isProduction, log });

/** @throws ConfigError, or Error when a store does not answer, would lose data, or is split otherwise */
export async function openSides(name: string, env: Environment, awaitUse = awaitFit): Promise<OpenSides> {
  const config = loadDrainerConfig(env);
  const { redisUrl: homeUrl, redisUrlByRegion: urlsByRegion, topology } = config;
  const log = createLog(name, "error");
  const stores = connectStores({ homeUrl, urlsByRegion, name, log, commandTimeoutMs: COMMAND_TIMEOUT_MS });
  const databases = openDatabases(config.postgresUrl, config.postgresUrlByRegion);
  const close = async () => {
    stores.close();
    await databases.close();
  };
  try {
    await awaitUse(stores, config, log);
  } catch (error) {
    await close();
    throw error;
  }
  return { config, topology, stores, databases, [Symbol.asyncDispose]: close };
}
