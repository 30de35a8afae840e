import type { Log } from "../log/log.ts";
import { addressOf, type Connection } from "../redis/connection.ts";
import { primariesOf, type Redis } from "../redis/redis.ts";
import { readInfo, readSetting, type SettingName } from "./server-settings.ts";
import { UnfitStore } from "./unfit-store.ts";

/** What a setting that Redis does not tell leads to: a warning, or in `strict` no start. */
export type RedisChecks = "warn" | "strict";

export interface StoreChecks {
  isProduction: boolean;
  /** `warn` unless given. */
  redisChecks?: RedisChecks;
  /** Whether a replica has every write that is acknowledged; not unless given. */
  isReplicated?: boolean;
}

export interface DurabilityOptions extends StoreChecks {
  log: Log;
}

/**
 * Refuses a Redis that would lose data: one that evicts keys when memory is short, and in
 * production one without an append-only file, unless replicas confirm the writes. In production the
 * log warns of a Redis that acknowledges before it syncs. Checks all primaries of a cluster, and
 * refuses a single node of a cluster, which would serve only part of the keys. A setting that Redis
 * does not tell is a warning with its name.
 *
 * @throws UnfitStore that says which setting to change, or with strict checks to let Redis tell
 */
export async function checkDurability(redis: Redis, options: DurabilityOptions): Promise<void> {
  await Promise.all(primariesOf(redis).map((server) => checkServer(server, redis.isCluster, options)));
}

async function checkServer(
  server: Connection,
  isInCluster: boolean,
  { isProduction, redisChecks = "warn", isReplicated = false, log }: DurabilityOptions,
): Promise<void> {
  const unknown: SettingName[] = [];
  const setting = async (name: SettingName) => {
    const value = await readSetting(server, name);
    if (value === undefined) unknown.push(name);
    return value;
  };
  const policy = await setting("maxmemory-policy");
  if (policy !== undefined && policy !== "noeviction") {
    throw new UnfitStore(
      `Redis has maxmemory-policy ${policy} and would drop scores when memory is short: set "maxmemory-policy noeviction".`,
    );
  }
  if (!isInCluster && (await setting("cluster-enabled")) === "yes") {
    throw new UnfitStore(
      "Redis is a node of a cluster: name several of its nodes in REDIS_URL, comma-separated, or this one twice.",
    );
  }
  if (isProduction) {
    const hasFile = (await setting("appendonly")) !== "no";
    if (!hasFile && !isReplicated) {
      throw new UnfitStore(
        'Redis keeps no append-only file, so a crash would lose acknowledged writes: set "appendonly yes", ' +
          "or DURABILITY=replicated where a replica takes over.",
      );
    }
    if (!hasFile)
      log.warn({ redis: addressOf(server) }, "redis keeps no append-only file: only its replicas keep writes");
    const appendfsync = hasFile ? await setting("appendfsync") : undefined;
    if (appendfsync !== undefined && appendfsync !== "always") {
      log.warn({ appendfsync }, 'a crash of Redis may lose the last acknowledged writes: set "appendfsync always"');
    }
  }
  if (unknown.length === 0) return;
  if (redisChecks === "strict") {
    throw new UnfitStore(
      `Redis does not tell ${unknown.join(", ")}, and REDIS_CHECKS is strict: allow CONFIG GET and INFO to its user, ` +
        "or set REDIS_CHECKS=warn.",
    );
  }
  log.warn({ redis: addressOf(server), unchecked: unknown }, "redis does not tell these settings: check them yourself");
}

/**
 * Warns of primaries without a replica, for `DURABILITY=replicated`. The service starts anyway:
 * reads work, and writes do as soon as there is a replica.
 */
export async function warnWithoutReplica(redis: Redis, log: Log): Promise<void> {
  for (const server of primariesOf(redis)) {
    const replicas = await readInfo(server, "replication", "connected_slaves").catch(() => undefined);
    if (replicas !== "0") continue;
    log.warn({ redis: addressOf(server) }, "DURABILITY=replicated, and no replica: writes are 503 until there is one");
  }
}
