import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createLog } from "shared/log/log";
import type { Connection } from "shared/redis/connection";
import { awaitReady, connectRedis, type Redis } from "shared/redis/redis";
import { freePort } from "stack/free-port";
import { type PostgresServer, startPostgres } from "stack/postgres";
import { type RedisServer, startRedis } from "stack/redis";
import { scratchDir } from "stack/scratch-dir";
import { type RedisCluster, startCluster } from "./cluster.ts";

/** A server of one test file's own. */
interface Scratch {
  /** Its folder, kept over `stop` and a new start. */
  readonly dir: string;
  /** Stops the server and removes its folder. */
  dispose(): Promise<void>;
}

const READY_TIMEOUT_MS = 5_000;
const REPLICA_POLL_MS = 20;

/** A real Redis on a free port, with its data in a folder of its own; it leaves syncing to the system, as below. */
export async function scratchRedis(args: string[] = []): Promise<RedisServer & Scratch> {
  const dir = await scratchDir();
  const server = await startRedis({ port: await freePort(), dir, args: ["--appendfsync", "no", ...args] });
  return { ...server, dir, dispose: () => disposeOf([server], dir) };
}

/** A replica of a Redis; ready when it confirms writes, which may be a second after it has copied all there was. */
export async function scratchReplica(primary: Connection): Promise<RedisServer & Scratch> {
  const replica = await scratchRedis(["--replicaof", "127.0.0.1", String(primary.options.port)]);
  for (;;) {
    await primary.set("replica-probe", "", "EX", 1);
    const hasAnswered = (await primary.wait(1, REPLICA_POLL_MS)) > 0;
    // One that has yet to answer counts as well, while the first writes have no place in the stream.
    if (hasAnswered && /^slave0:.*state=online,offset=[1-9]/m.test(await primary.info("replication"))) return replica;
  }
}

/** Six servers that are a cluster; otherwise the same. */
export async function scratchCluster(): Promise<RedisCluster<RedisServer> & Scratch> {
  const dir = await scratchDir();
  const cluster = await startCluster(dir, (options) =>
    startRedis({ ...options, args: ["--appendfsync", "no", ...(options.args ?? [])] }),
  );
  return { ...cluster, dir, dispose: () => disposeOf(cluster.nodes, dir) };
}

/** Set to `cluster`, the tests that only need some Redis get a cluster. */
const TEST_REDIS = process.env.TEST_REDIS;

/** A client of such a Redis; `dispose` closes both. */
export async function scratchRedisClient(): Promise<{ redis: Redis; url: string } & Scratch> {
  const server = TEST_REDIS === "cluster" ? await scratchCluster() : await scratchRedis();
  const redis = connectRedis({ url: server.url, name: "test", log: createLog("test", "silent") });
  await awaitReady(redis, READY_TIMEOUT_MS);
  const dispose = () => {
    redis.disconnect();
    return server.dispose();
  };
  return { redis, url: server.url, dir: server.dir, dispose };
}

/** A real PostgreSQL on a free port with these databases; it does not sync, since nothing outlives the test. */
export async function scratchPostgres(databases: string[]): Promise<PostgresServer & Scratch> {
  const dir = await scratchDir();
  const server = await startPostgres({
    port: await freePort(),
    dir: join(dir, "data"),
    databases,
    password: "scratch",
    args: ["-c", "fsync=off"],
  });
  return { ...server, dir, dispose: () => disposeOf([server], dir) };
}

async function disposeOf(servers: readonly (RedisServer | PostgresServer)[], dir: string): Promise<void> {
  await Promise.all(servers.map((server) => server.kill()));
  await rm(dir, { recursive: true, force: true });
}
