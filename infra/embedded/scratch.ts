import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

async function scratchDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "leaderboard-test-"));
  await chmod(dir, 0o755); // PostgreSQL may run as another user
  return dir;
}

/** A real Redis on a free port, with its data in a folder of its own. */
export async function scratchRedis(args: string[] = []): Promise<RedisServer & Scratch> {
  const dir = await scratchDir();
  const server = await startRedis({ port: await freePort(), dir, args });
  return { ...server, dir, dispose: () => disposeOf(server, dir) };
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
