import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import connect from "postgres";
import { scratchPostgres } from "testing/scratch";
import { migrate } from "../../../drainer/src/postgres/migrate.ts";

const psql = Bun.which("psql");
if (psql === null) process.stderr.write("SKIPPED: psql is not installed, so infra/deploy/postgres-init was not run\n");

const migrations = join(import.meta.dir, "../../../drainer/migrations");
let server: Awaited<ReturnType<typeof scratchPostgres>>;
let dir: string;
beforeAll(async () => {
  server = await scratchPostgres(["leaderboard_global"]); // as the image does by POSTGRES_DB
  dir = await mkdtemp(join(tmpdir(), "leaderboard-init-"));
});
afterAll(async () => {
  await server.dispose();
  await rm(dir, { recursive: true, force: true });
});

/** Runs a script as the image does. `/migrations` is a folder of the container. */
async function run(name: string): Promise<void> {
  const text = await Bun.file(join(import.meta.dir, name)).text();
  await mkdir(dir, { recursive: true });
  const file = join(dir, name);
  await writeFile(file, text.replaceAll("/migrations/", `${migrations}/`));
  const child = Bun.spawn([psql ?? "", "-v", "ON_ERROR_STOP=1", "-q", "-f", file, server.url("leaderboard_global")], {
    stderr: "pipe",
    env: { PGPASSWORD: "scratch", PATH: process.env.PATH ?? "" },
  });
  const errors = await new Response(child.stderr).text();
  expect([await child.exited, errors]).toEqual([0, ""]);
}

test.skipIf(psql === null)(
  "the scripts create four databases with their tables, and the drainer migrates them without a fault",
  async () => {
    for (const name of ["01-init.sql", "02-create-tables.sql"]) await run(name);
    for (const region of ["global", "asia", "eu", "na"]) {
      const url = server.url(`leaderboard_${region}`);
      const sql = connect(url, { max: 1 });
      const tables = await sql<{ tablename: string }[]>`
      SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`;
      await sql.end();
      expect(tables.map(({ tablename }) => tablename)).toEqual([
        "accounts",
        "drained_versions",
        "erasures",
        "guarded_stores",
        "leaderboard",
        "visibility",
      ]);
      expect(await migrate(url)).toEqual((await readdir(migrations)).sort());
    }
  },
);
