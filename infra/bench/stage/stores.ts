import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { RedisClient } from "bun";
import { freePort } from "stack/free-port";
import { type PostgresServer, startPostgres } from "stack/postgres";
import { type RedisServer, startRedis } from "stack/redis";
import { readInfo } from "testing/redis/server-cost";

/** A Redis with a connection of the bench; disposing it also removes its data. */
export interface BenchRedis extends RedisServer, AsyncDisposable {
  readonly admin: RedisClient;
}

/** Arguments for a Redis that is seeded before it keeps a file. */
export const WITHOUT_FILE = ["--appendonly", "no"];

const REWRITE_POLL_MS = 50;

/**
 * Starts a Redis as it is shipped, except for background rewrites, which would take a core in some
 * rounds only.
 */
export async function startBenchRedis(dir: string, args: readonly string[] = []): Promise<BenchRedis> {
  const home = await mkdtemp(join(dir, "redis-"));
  const server = await startRedis({
    port: await freePort(),
    dir: home,
    args: ["--auto-aof-rewrite-percentage", "0", ...args],
  });
  const admin = new RedisClient(server.url);
  const dispose = async () => {
    admin.close();
    await server.kill();
    await rm(home, { recursive: true });
  };
  return { ...server, admin, [Symbol.asyncDispose]: dispose };
}

/**
 * Turns the append-only file on, as in production, and waits until Redis has written the seed to
 * it.
 */
export async function startAppending(admin: RedisClient): Promise<void> {
  await admin.send("CONFIG", ["SET", "appendonly", "yes"]);
  for (;;) {
    const info = await readInfo(admin, "persistence");
    if (info.get("aof_rewrite_in_progress") === "0" && info.get("aof_rewrite_scheduled") === "0") return;
    await Bun.sleep(REWRITE_POLL_MS);
  }
}

/**
 * Starts a PostgreSQL with its default settings, which sync at each commit, and these databases.
 */
export async function startBenchPostgres(dir: string, databases: string[]): Promise<PostgresServer & AsyncDisposable> {
  const home = join(dir, `postgres-${databases.join("-")}`);
  const server = await startPostgres({ port: await freePort(), dir: home, databases, password: "scratch" });
  return { ...server, [Symbol.asyncDispose]: server.drop };
}
