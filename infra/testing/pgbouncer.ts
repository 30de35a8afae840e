/** PgBouncer, where it is installed. */

import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Engine, launch } from "stack/engine";
import { freePort } from "stack/free-port";
import { postgresOwner } from "stack/postgres-home";
import { findOrAnnounce, installed } from "./installed.ts";

export const pgbouncer = installed("pgbouncer");
export const announceWithoutPgbouncer = (what: string) => void findOrAnnounce("pgbouncer", what);

export interface PgbouncerOptions {
  /** The URL of the one database that PgBouncer connects to. */
  postgresUrl: string;
  /** A folder that any user may walk into. */
  dir: string;
  /** Connections to PostgreSQL. */
  connectionsMax: number;
  /** Further lines of the section `[pgbouncer]`. */
  settings?: readonly string[];
}

/**
 * Starts a real PgBouncer in transaction mode for one database.
 *
 * @throws Error where it is not installed
 */
export async function startPgbouncer(options: PgbouncerOptions): Promise<Engine & { url: string }> {
  const { postgresUrl, dir, connectionsMax, settings = [] } = options;
  if (pgbouncer === undefined) throw new Error("pgbouncer is not installed");
  const { hostname, port: postgresPort, pathname, username, password } = new URL(postgresUrl);
  const port = await freePort();
  const file = join(dir, `pgbouncer-${port}.ini`);
  const database = pathname.slice(1);
  const lines = [
    "[databases]",
    `${database} = host=${hostname} port=${postgresPort} dbname=${database} user=${username} password=${password}`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${port}`,
    "unix_socket_dir =",
    "auth_type = any",
    "pool_mode = transaction",
    `default_pool_size = ${connectionsMax}`,
    ...settings,
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  await chmod(file, 0o644); // it does not run as root
  const engine = await launch({
    command: pgbouncer,
    args: [file],
    port,
    readyWhen: /process up/,
    stopSignal: "SIGINT",
    spawn: { ...postgresOwner(), cwd: dir },
  });
  return { ...engine, url: `postgres://${username}:${password}@127.0.0.1:${port}/${database}` };
}
