import { execFileSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import connect from "postgres";
import { postgresOwner } from "stack/postgres-home";

/** A copy of a running PostgreSQL's files, from which another one starts. */
export interface Backup {
  /** Puts the copy in the place of the server's own files. The server must not run. */
  putBack(): void;
}

/**
 * Makes a base backup beside live writes by PostgreSQL's low-level interface, which pg_basebackup
 * uses, too: it needs no client program of the server's version.
 *
 * @param url a superuser's address of any database
 * @param into a folder that is not there yet
 */
export async function backUpPostgres(url: string, into: string): Promise<Backup> {
  const sql = connect(url, { max: 1 });
  const [setting] = await sql`SHOW data_directory`;
  const files = String(setting?.data_directory);
  await sql`SELECT pg_backup_start('drill', fast => true)`;
  copyTree(files, into);
  const [stopped] = await sql`SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)`;
  // The log up to the end of the backup, which makes the copy consistent.
  rmSync(join(into, "pg_wal"), { recursive: true });
  copyTree(join(files, "pg_wal"), join(into, "pg_wal"));
  await sql.end();
  await writeFile(join(into, "backup_label"), String(stopped?.labelfile));
  for (const left of ["postmaster.pid", "postmaster.opts"]) rmSync(join(into, left), { force: true });
  return {
    putBack() {
      rmSync(files, { recursive: true });
      copyTree(into, files);
      const owner = postgresOwner();
      if (owner !== undefined) execFileSync("chown", ["-R", `${owner.uid}:${owner.gid}`, files]);
      chmodSync(files, 0o700);
    },
  };
}

/** @throws Error unless everything was copied, apart from files that vanished meanwhile */
function copyTree(from: string, to: string): void {
  const { exitCode, stderr } = Bun.spawnSync(["cp", "-a", from, to]);
  const faults = stderr
    .toString()
    .split("\n")
    .filter((line) => line !== "" && !/No such file or directory$/.test(line));
  // The server removes files while they are copied; its log makes up for them.
  if (exitCode !== 0 && faults.length > 0) throw new Error(faults.join("\n"));
}
