import { readdir } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";

const MIGRATIONS_DIR = join(import.meta.dir, "..", "migrations");
// Any number that nothing else in the database locks: "lead" in ASCII.
const LOCK_ID = 0x6c656164;
const CONNECT_TIMEOUT_SECONDS = 2;

/**
 * Applies the migrations that a database has not seen, in the order of their names, each in a transaction with the
 * record of it. An advisory lock lets several drainers start at once.
 *
 * @returns the names of those applied now
 * @throws the first error; nothing of the migration that failed remains
 */
export async function migrate(url: string, dir: string = MIGRATIONS_DIR): Promise<string[]> {
  const names = (await readdir(dir)).filter((name) => name.endsWith(".sql")).sort();
  const sql = postgres(url, {
    max: 1,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    onnotice: () => {},
    fetch_types: false,
  });
  try {
    await sql`SELECT pg_advisory_lock(${LOCK_ID})`; // the session's: released when it ends
    await sql`CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT PRIMARY KEY, applied_at TIMESTAMPTZ NOT NULL)`;
    const rows = await sql<{ name: string }[]>`SELECT name FROM schema_migrations`;
    const applied = new Set(rows.map((row) => row.name));
    const missing = names.filter((name) => !applied.has(name));
    for (const name of missing) {
      const record = `INSERT INTO schema_migrations VALUES ('${name.replaceAll("'", "''")}', now());`;
      // Statements sent as one simple query are one transaction.
      await sql.unsafe(`${await Bun.file(join(dir, name)).text()}\n;\n${record}`).simple();
    }
    return missing;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
