import { readdir } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { toClientOptions } from "shared/postgres/connect-postgres";
import { openDatabase } from "shared/postgres/database";
import { readPostgresUrl } from "shared/stores/postgres-url";

const MIGRATIONS_DIR = join(import.meta.dir, "../../migrations");
// Advisory lock that no other program uses: "lead" in ASCII.
const LOCK_ID = 0x6c656164;
/**
 * A longer wait for a table lock fails the migration: while it waits, later users of the table wait
 * behind it.
 */
const LOCK_TIMEOUT_MS = 3_000;

/**
 * The start of each transaction. The lock makes drainers that start together migrate one after
 * another. It belongs to the transaction, because behind a pooler a session lock would stay on a
 * connection that the pooler gives to other clients.
 */
const BEGIN = `
  SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS};
  SELECT pg_advisory_xact_lock(${LOCK_ID});`;

const ENSURE_TABLE = `${BEGIN}
  CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT PRIMARY KEY, applied_at TIMESTAMPTZ NOT NULL)`;

/**
 * Applies the missing migrations of a database in the order of their names, each in a transaction
 * together with its record.
 *
 * @returns the names of the migrations applied now
 * @throws the first error; the failed migration has changed nothing
 */
export async function migrate(url: string, dir: string = MIGRATIONS_DIR): Promise<string[]> {
  const names = (await readdir(dir)).filter((name) => name.endsWith(".sql")).sort();
  const missing = await findMissing(url, names);
  const applied: string[] = [];
  if (missing.length === 0) return applied;
  const target = readPostgresUrl(url);
  const sql = postgres({
    ...toClientOptions(target),
    connection: target.settings,
    max: 1,
    onnotice: () => {},
    fetch_types: false,
    prepare: false,
  });
  try {
    for (const name of missing) {
      const source = await Bun.file(join(dir, name)).text();
      if (await apply(sql, name, source)) applied.push(name);
    }
    return applied;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function findMissing(url: string, names: readonly string[]): Promise<string[]> {
  const database = openDatabase(url, { connectionsMax: 1 });
  try {
    await database.run(async (sql) => sql.unsafe(ENSURE_TABLE).simple());
    const rows = await database.run((sql) => sql<{ name: string }[]>`SELECT name FROM schema_migrations`);
    const applied = new Set(rows.map((row) => row.name));
    return names.filter((name) => !applied.has(name));
  } finally {
    await database.close();
  }
}

/** @returns false where another drainer has applied the migration meanwhile */
async function apply(sql: postgres.Sql, name: string, source: string): Promise<boolean> {
  // The row in `schema_migrations` is inserted first, so that a second drainer fails there before
  // it changes a table. PostgreSQL runs the statements of one simple query in one transaction.
  const record = `INSERT INTO schema_migrations VALUES ('${name.replaceAll("'", "''")}', now());`;
  try {
    await sql.unsafe(`${BEGIN}\n${record}\n${source}`).simple();
    return true;
  } catch (error) {
    if (isRecorded(error)) return false;
    throw error;
  }
}

const UNIQUE_VIOLATION = "23505";
const isRecorded = (error: unknown): boolean =>
  error instanceof postgres.PostgresError &&
  error.code === UNIQUE_VIOLATION &&
  error.table_name === "schema_migrations";
