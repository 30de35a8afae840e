import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "shared/postgres/database";
import { scratchPostgres } from "testing/scratch";
import { scoreEvent } from "../../test/drainer-under-test.ts";
import { readEntriesOf } from "../rows/read-entries.ts";
import { upsertScores } from "../rows/upsert-scores.ts";
import { migrate } from "./migrate.ts";

let server: Awaited<ReturnType<typeof scratchPostgres>>;
let dir: string;
beforeAll(async () => {
  server = await scratchPostgres(["fresh", "raced", "broken", "prepared", "before"]);
  dir = await mkdtemp(join(tmpdir(), "leaderboard-test-"));
});
afterAll(async () => {
  await server.dispose();
  await rm(dir, { recursive: true });
});

const MIGRATIONS = [
  "0001_create_tables.sql",
  "0002_erase_players.sql",
  "0003_hide_players.sql",
  "0004_guard_stores.sql",
  "0005_rename_players.sql",
  "0006_settings.sql",
  "0007_delete_boards.sql",
  "0008_scores.sql",
  "0009_plan_seasons.sql",
  "0010_end_seasons.sql",
  "0011_page_archives.sql",
  "0012_remove_entries.sql",
  "0013_guests.sql",
];

const tablesOf = async (url: string) => {
  const database = openDatabase(url);
  const rows = await database.run(
    (sql) => sql<{ name: string }[]>`
      SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`,
  );
  await database.close();
  return rows.map(({ name }) => name);
};

test("a migration is applied once", async () => {
  const url = server.url("fresh");
  expect(await migrate(url)).toEqual(MIGRATIONS);
  expect(await migrate(url)).toEqual([]);
  expect(await tablesOf(url)).toEqual([
    "accounts",
    "archived",
    "deleted_boards",
    "drained_versions",
    "ended_seasons",
    "erasures",
    "guarded_stores",
    "leaderboard",
    "outbox",
    "schema_migrations",
    "season_ends",
    "seasons",
    "settings",
    "visibility",
    "visible_leaderboard",
  ]);
});

test("each migration is applied once by drainers that start together", async () => {
  const url = server.url("raced");
  const applied = await Promise.all(Array.from({ length: 5 }, () => migrate(url)));
  expect(applied.flat().sort()).toEqual(MIGRATIONS);
});

test("a failed migration changes nothing, and the next start repeats it", async () => {
  const url = server.url("broken");
  await writeFile(join(dir, "0001_good.sql"), "CREATE TABLE good (a INT);");
  await writeFile(join(dir, "0002_bad.sql"), "CREATE TABLE half (a INT); SELECT nothing_like_this();");
  await expect(migrate(url, dir)).rejects.toThrow("nothing_like_this");
  expect(await tablesOf(url)).toEqual(["good", "schema_migrations"]);
  await writeFile(join(dir, "0002_bad.sql"), "CREATE TABLE half (a INT) -- no semicolon, a comment at the end");
  expect(await migrate(url, dir)).toEqual(["0002_bad.sql"]);
});

test("a migration takes over tables that exist already", async () => {
  const url = server.url("prepared");
  const database = openDatabase(url);
  for (const name of MIGRATIONS) {
    const source = await Bun.file(join(import.meta.dir, "../../migrations", name)).text();
    await database.run((sql) => sql.unsafe(source).simple());
  }
  await database.close();
  expect(await migrate(url)).toEqual(MIGRATIONS);
});

test("rows that the release before wrote keep their order, and its drainer may write on beside a new one", async () => {
  const url = server.url("before");
  const old = join(dir, "before");
  await mkdir(old);
  const names = MIGRATIONS.filter((name) => name < "0007");
  for (const name of names) await copyFile(join(import.meta.dir, "../../migrations", name), join(old, name));
  expect(await migrate(url, old)).toEqual(names);
  await using closing = new AsyncDisposableStack();
  const database = openDatabase(url);
  closing.defer(() => database.close());
  const insert = (userId: string, score: number, second: number) =>
    database.run(
      (sql) => sql`
        INSERT INTO leaderboard (board, user_id, name, region, score, reached_at, updated_at)
        VALUES ('main', ${userId}, ${`Name of ${userId}`}, 'EU', ${score}, to_timestamp(${second}), to_timestamp(${second}))
        ON CONFLICT (board, user_id) DO UPDATE SET score = excluded.score, updated_at = excluded.updated_at`,
    );
  for (const [n, userId] of ["ada", "bob", "cy", "Dan", "eve"].entries()) await insert(userId, n % 2, 10 - (n % 3));
  const order = (text: string) =>
    database.run((sql) =>
      sql.unsafe<{ user_id: string }[]>(`SELECT user_id FROM visible_leaderboard ORDER BY ${text}`),
    );
  const before = await order(`score DESC, reached_at, user_id COLLATE "C" DESC`);

  expect(await migrate(url)).toEqual(MIGRATIONS.filter((name) => !names.includes(name)));
  const NOW = `coalesce(sort_key, score) DESC, sub_key DESC, reached_at, user_id COLLATE "C" DESC`;
  expect([...(await order(NOW))]).toEqual([...before]);
  const [row] = await readEntriesOf(database, "main", ["ada"]);
  const empty = { sort_key: null, sub: null, sub_key: null, attempts: null, metadata: null };
  expect(row).toMatchObject({ score: "0", reached_at: "10000000", ...empty });
  await insert("ada", 9, 20);
  await database.run((sql) => upsertScores(sql, [scoreEvent("bob", 8, 30_000_000), scoreEvent("new", 7, 30_000_000)]));
  expect((await order(NOW)).slice(0, 3).map(({ user_id }) => user_id)).toEqual(["ada", "bob", "new"]);
});
