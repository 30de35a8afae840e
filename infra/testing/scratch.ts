/**
 * Real servers for one test file, with free ports and folders of their own, which `dispose`
 * removes.
 */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Connection } from "shared/redis/connection";
import type { Redis } from "shared/redis/redis";
import { freePort } from "stack/free-port";
import { type PostgresServer, startPostgres } from "stack/postgres";
import { type RedisServer, startRedis } from "stack/redis";
import { scratchDir } from "stack/scratch-dir";
import { type RedisCluster, startCluster } from "./redis/cluster.ts";
import { connectAsService } from "./redis/connect.ts";

/** A server of one test file. */
interface Scratch {
  /** Its folder, which `stop` and a new start keep. */
  readonly dir: string;
  /** Stops the server and removes its folder. */
  dispose(): Promise<void>;
}

const REPLICA_POLL_MS = 20;

/** A real Redis on a free port. It does not sync to disk, since no data outlives the test. */
export async function scratchRedis(
  args: string[] = [],
  env = {},
  command = "redis-server",
): Promise<RedisServer & Scratch> {
  const dir = await scratchDir();
  const server = await startRedis({
    port: await freePort(),
    dir,
    args: ["--appendfsync", "no", ...args],
    env,
    command,
  });
  return { ...server, dir, dispose: () => disposeOf([server], dir) };
}

/**
 * A replica of a Redis. Resolves when it confirms writes, up to a second after it has copied
 * everything.
 */
export async function scratchReplica(primary: Connection): Promise<RedisServer & Scratch> {
  const replica = await scratchRedis(["--replicaof", "127.0.0.1", String(primary.options.port)]);
  for (;;) {
    await primary.set("replica-probe", "", "EX", 1);
    const hasAnswered = (await primary.wait(1, REPLICA_POLL_MS)) > 0;
    // WAIT counts a silent replica, too, as long as the first writes have no offset.
    if (hasAnswered && /^slave0:.*state=online,offset=[1-9]/m.test(await primary.info("replication"))) return replica;
  }
}

/** A cluster of six servers. */
export async function scratchCluster(): Promise<RedisCluster<RedisServer> & Scratch> {
  const dir = await scratchDir();
  const cluster = await startCluster(dir, (options) =>
    startRedis({ ...options, args: ["--appendfsync", "no", ...(options.args ?? [])] }),
  );
  return { ...cluster, dir, dispose: () => disposeOf(cluster.nodes, dir) };
}

/** Where it is `cluster`, `scratchRedisClient` starts a cluster. */
const TEST_REDIS = process.env.TEST_REDIS;

/** A Redis, or a cluster, with a client. `dispose` closes both. */
export async function scratchRedisClient(): Promise<{ redis: Redis; url: string } & Scratch> {
  const server = TEST_REDIS === "cluster" ? await scratchCluster() : await scratchRedis();
  const redis = await connectAsService(server.url);
  const dispose = () => {
    redis.disconnect();
    return server.dispose();
  };
  return { redis, url: server.url, dir: server.dir, dispose };
}

/**
 * A real PostgreSQL on a free port with these databases. It does not sync to disk, since no data
 * outlives the test.
 */
export async function scratchPostgres(
  databases: string[],
  args: string[] = [],
  bin?: string,
): Promise<PostgresServer & Scratch> {
  const dir = await scratchDir();
  const server = await startPostgres({
    port: await freePort(),
    dir: join(dir, "data"),
    databases,
    password: "scratch",
    args: ["-c", "fsync=off"].concat(args),
    bin,
  });
  return { ...server, dir, dispose: () => disposeOf([server], dir) };
}

/**
 * A Redis and a PostgreSQL for the processes of one test file, with the variables that name them.
 */
export async function scratchStores() {
  const [redis, postgres] = await Promise.all([scratchRedis(), scratchPostgres(["leaderboard"])]);
  return {
    redis,
    env: { REDIS_URL: redis.url, POSTGRES_URL: postgres.url("leaderboard") },
    dispose: () => Promise.all([redis.dispose(), postgres.dispose()]),
  };
}

async function disposeOf(servers: readonly (RedisServer | PostgresServer)[], dir: string): Promise<void> {
  await Promise.all(servers.map((server) => server.drop()));
  await rm(dir, { recursive: true, force: true });
}
