import { expect, test } from "bun:test";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import connect from "postgres";
import { dirForFile, forFile } from "testing/for-file";
import { findOrAnnounce } from "testing/installed";
import { scratchPostgres } from "testing/scratch";
import { words } from "testing/words";
import { migrate } from "../../../drainer/src/postgres/migrate.ts";

const psql = findOrAnnounce("psql", "infra/deploy/postgres-init was not run");

const migrations = join(import.meta.dir, "../../../drainer/migrations");
const server = await forFile(scratchPostgres(["leaderboard_global"])); // as the image does by POSTGRES_DB
const dir = await dirForFile();

/** Runs a script as the image does. `/migrations` is a folder of the container. */
async function run(name: string): Promise<void> {
  const text = await Bun.file(join(import.meta.dir, name)).text();
  const file = join(dir, name);
  await writeFile(file, text.replaceAll("/migrations/", `${migrations}/`));
  const child = Bun.spawn([psql ?? "", "-v", "ON_ERROR_STOP=1", "-q", "-f", file, server.url("leaderboard_global")], {
    stderr: "pipe",
    env: { PGPASSWORD: "scratch", PATH: process.env.PATH ?? "" },
  });
  const errors = await new Response(child.stderr).text();
  expect([await child.exited, errors]).toEqual([0, ""]);
}

test.skipIf(psql === undefined)(
  "the scripts create four databases with their tables, and the drainer migrates them without a fault",
  async () => {
    for (const name of ["01-init.sql", "02-create-tables.sql"]) await run(name);
    for (const region of ["global", "asia", "eu", "na"]) {
      const url = server.url(`leaderboard_${region}`);
      const sql = connect(url, { max: 1 });
      const tables = await sql<{ tablename: string }[]>`
      SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`;
      await sql.end();
      expect(tables.map(({ tablename }) => tablename)).toEqual(
        words`accounts archived deleted_boards drained_versions ended_seasons erasures guarded_stores leaderboard outbox season_ends seasons settings visibility`,
      );
      expect(await migrate(url)).toEqual((await readdir(migrations)).sort());
    }
  },
);
