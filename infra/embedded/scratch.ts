import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "shared/log";
import { awaitReady, connectRedis, type Redis } from "shared/redis";
import { freePort } from "./free-port.ts";
import { type PostgresServer, startPostgres } from "./postgres.ts";
import { type RedisServer, startRedis } from "./redis.ts";

/** A server of one test file's own. */
interface Scratch {
  /** Its folder, kept over `stop` and a new start. */
  readonly dir: string;
  /** Stops the server and removes its folder. */
  dispose(): Promise<void>;
}

const READY_TIMEOUT_MS = 5_000;

/** A new folder that any user may walk into. */
export async function scratchDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "leaderboard-test-"));
  await chmod(dir, 0o755); // PostgreSQL may run as another user
  return dir;
}

/** A real Redis on a free port, with its data in a folder of its own; it leaves syncing to the system, as below. */
export async function scratchRedis(args: string[] = []): Promise<RedisServer & Scratch> {
  const dir = await scratchDir();
  const server = await startRedis({ port: await freePort(), dir, args: ["--appendfsync", "no", ...args] });
  return { ...server, dir, dispose: () => disposeOf(server, dir) };
}

/** A connection to such a Redis; `dispose` closes both. */
export async function scratchRedisClient(args: string[] = []): Promise<{ redis: Redis; url: string } & Scratch> {
  const server = await scratchRedis(args);
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
    ...{ port: await freePort(), dir: join(dir, "data"), databases, password: "scratch" },
    args: ["-c", "fsync=off"],
  });
  return { ...server, dir, dispose: () => disposeOf(server, dir) };
}

async function disposeOf(server: RedisServer | PostgresServer, dir: string): Promise<void> {
  await server.kill();
  await rm(dir, { recursive: true, force: true });
}
