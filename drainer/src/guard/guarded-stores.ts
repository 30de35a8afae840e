import type { Database } from "shared/postgres/database";
import { ACCOUNTS_TAG } from "shared/redis/keys";
import type { Guarded } from "./judge-store.ts";

/** What PostgreSQL knows of the Redis behind a queue. */
export async function readGuarded(database: Database, tag: string): Promise<Guarded | undefined> {
  const [row] = await database.run(
    (sql) => sql<{ origin: string; run: string; newest: string }[]>`
      SELECT origin, run, (
        SELECT coalesce(max(version), 0)::text FROM drained_versions WHERE tag = ${tag}
      ) AS newest
      FROM guarded_stores WHERE tag = ${tag}`,
  );
  return row && { origin: row.origin, run: row.run, newest: Number(row.newest) };
}

/** Deletes all versions of a queue but the newest: each batch leaves one. */
export async function forgetVersions(database: Database, tag: string): Promise<void> {
  await database.run(
    (sql) => sql`
      DELETE FROM drained_versions
      WHERE tag = ${tag} AND version < (SELECT max(version) FROM drained_versions WHERE tag = ${tag})`,
  );
}

/** Admits batches of this run only; waits for batches of another run that are being written. */
export async function setRun(database: Database, tag: string, { origin, run }: Omit<Guarded, "newest">): Promise<void> {
  await database.run((sql) => sql`SELECT admit_run(${tag}, ${origin}, ${run})`);
}

/**
 * Records that PostgreSQL has rows of a shard up to a version, for rows that did not come from its
 * queue.
 */
export async function noteVersion(database: Database, tag: string, version: string): Promise<void> {
  await database.run(
    (sql) =>
      sql`INSERT INTO drained_versions (tag, version) VALUES (${tag}, ${version}::bigint) ON CONFLICT DO NOTHING`,
  );
}

/** Whether the database holds an account or a setting, or any entry. */
export async function hasAnyRows(database: Database, tag: string): Promise<boolean> {
  const [row] = await database.run((sql) =>
    tag === ACCOUNTS_TAG
      ? sql<{ any: boolean }[]>`SELECT EXISTS (SELECT FROM accounts) OR EXISTS (SELECT FROM settings) AS any`
      : sql<{ any: boolean }[]>`SELECT EXISTS (SELECT FROM leaderboard) AS any`,
  );
  return row?.any ?? false;
}
