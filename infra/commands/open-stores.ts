import { createLog, type Log } from "shared/log/log";
import type { Topology } from "shared/model/regions";
import { openDatabases } from "shared/postgres/databases";
import { ACCOUNTS_TAG, fenceKey } from "shared/redis/keys";
import { awaitRun, type Redis } from "shared/redis/redis";
import { commonFields, toTopology } from "shared/service/config";
import { type Environment, parseEnvironment } from "shared/service/environment";
import { DRAINER_RIGHTS } from "shared/stores/rights";
import { compareSplits } from "shared/stores/split";
import { awaitStores, connectStores, type Stores } from "shared/stores/stores";
import { type DrainerConfig, loadDrainerConfig } from "../../drainer/src/config.ts";
import type { Sides } from "../../drainer/src/subjects/sides.ts";
import { awaitAnswers } from "./connect/await-answers.ts";

// A command may wait longer than a request, behind scripts that are long themselves.
const COMMAND_TIMEOUT_MS = 5_000;

/** Every Redis of the configuration, until the command ends. */
export interface OpenRedis extends Disposable {
  topology: Topology;
  stores: Stores;
}

/** Both stores, until the command ends. */
export interface OpenSides extends Sides, AsyncDisposable {
  config: DrainerConfig;
}

const readRedisSettings = (env: Environment) => parseEnvironment(commonFields, ["REDIS_URL"], env);

/** Regions, partitions and boards of a command that needs Redis alone. @throws ConfigError */
export const topologyOf = (env: Environment): Topology => toTopology(readRedisSettings(env));

/**
 * @throws ConfigError with each Redis that does not answer; Error where one has another number of
 *   partitions
 */
export async function openRedis(name: string, env: Environment): Promise<OpenRedis> {
  const settings = readRedisSettings(env);
  const topology = toTopology(settings);
  const stores = connect(name, settings.REDIS_URL, settings.urlsByRegion.REDIS_URL);
  try {
    await awaitAnswers(stores, { topology }, env);
    await compareSplits(stores.of, topology);
  } catch (error) {
    stores.close();
    throw error;
  }
  return { topology, stores, [Symbol.dispose]: stores.close };
}

/** The home Redis alone, until the command ends. */
export interface OpenHome extends Disposable {
  home: Redis;
  /** Whether a replica must have a write before it counts. */
  isReplicated: boolean;
}

/**
 * For a command that needs no region, so that one that is away does not stop it.
 *
 * @throws ConfigError where the home Redis does not answer
 */
export async function openHome(name: string, env: Environment): Promise<OpenHome> {
  const settings = readRedisSettings(env);
  const stores = connect(name, settings.REDIS_URL, new Map());
  try {
    await awaitAnswers(stores, { topology: { ...toTopology(settings), regions: [] } }, env);
    await awaitRun(stores.home, fenceKey(ACCOUNTS_TAG), COMMAND_TIMEOUT_MS);
  } catch (error) {
    stores.close();
    throw error;
  }
  return { home: stores.home, isReplicated: settings.DURABILITY === "replicated", [Symbol.dispose]: stores.close };
}

/** Waits until the stores can be used by a command. */
type AwaitUse = (stores: Stores, config: DrainerConfig, log: Log) => Promise<void>;

const awaitFit: AwaitUse = (stores, { topology, storeChecks }, log) =>
  awaitStores(stores, topology, { ...storeChecks, log });

/**
 * Skips the checks of durability and partitions. `repartition` passes it to `openSides`, because it
 * changes the number of partitions.
 */
export const asTheyAre: AwaitUse = async () => {};

/**
 * @throws ConfigError with each store that does not answer; Error where one may lose data, or has
 *   another number of partitions
 */
export async function openSides(name: string, env: Environment, awaitUse = awaitFit): Promise<OpenSides> {
  const config = loadDrainerConfig(env);
  const stores = connect(name, config.redisUrl, config.redisUrlByRegion);
  const databases = openDatabases(config.postgresUrl, config.postgresUrlByRegion);
  const close = async () => {
    stores.close();
    await databases.close();
  };
  try {
    await awaitAnswers(stores, { topology: config.topology, databases: databases.byUrl, rights: DRAINER_RIGHTS }, env);
    await awaitUse(stores, config, createLog(name, "error"));
  } catch (error) {
    await close();
    throw error;
  }
  return { config, topology: config.topology, stores, databases, [Symbol.asyncDispose]: close };
}

function connect(name: string, homeUrl: string, urlsByRegion: ReadonlyMap<string, string>): Stores {
  const log = createLog(name, "error");
  return connectStores({ homeUrl, urlsByRegion, name, log, commandTimeoutMs: COMMAND_TIMEOUT_MS });
}
