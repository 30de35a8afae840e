import type { Log } from "../log/log.ts";
import { addressOf, type Connection } from "../redis/connection.ts";
import { primariesOf, type Redis } from "../redis/redis.ts";
import { UnfitStore } from "./unfit-store.ts";

export interface DurabilityOptions {
  isProduction: boolean;
  log: Log;
}

/**
 * Refuses a Redis that would lose data: one that evicts keys when memory is short, and in
 * production one without an append-only file. In production the log warns of a Redis that
 * acknowledges before it syncs. Checks all primaries of a cluster, and refuses a single node of a
 * cluster, which would serve only part of the keys.
 *
 * @throws UnfitStore that says which setting to change
 */
export async function checkDurability(redis: Redis, options: DurabilityOptions): Promise<void> {
  await Promise.all(primariesOf(redis).map((server) => checkServer(server, options)));
  if (!redis.isCluster && (await readInfo(redis, "cluster", "cluster_enabled")) === "1") {
    throw new UnfitStore(
      "Redis is a node of a cluster: name several of its nodes in REDIS_URL, comma-separated, or this one twice.",
    );
  }
}

async function checkServer(server: Connection, { isProduction, log }: DurabilityOptions): Promise<void> {
  const setting = async (name: string) => ((await server.config("GET", name)) as string[])[1];
  const policy = await setting("maxmemory-policy");
  if (policy !== "noeviction") {
    throw new UnfitStore(
      `Redis has maxmemory-policy ${policy} and would drop scores when memory is short: set "maxmemory-policy noeviction".`,
    );
  }
  if (!isProduction) return;
  if ((await setting("appendonly")) !== "yes") {
    throw new UnfitStore(
      'Redis keeps no append-only file, so a crash would lose acknowledged writes: set "appendonly yes".',
    );
  }
  const appendfsync = await setting("appendfsync");
  if (appendfsync !== "always") {
    log.warn({ appendfsync }, 'a crash of Redis may lose the last acknowledged writes: set "appendfsync always"');
  }
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

async function readInfo(redis: Redis, section: string, field: string): Promise<string | undefined> {
  return new RegExp(`^${field}:(.*?)\r?$`, "m").exec(await redis.info(section))?.[1];
}
