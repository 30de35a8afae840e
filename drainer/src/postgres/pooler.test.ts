import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Database, DatabaseTimeout, openDatabase } from "shared/postgres/database";
import { announceWithoutPgbouncer, pgbouncer, startPgbouncer } from "testing/pgbouncer";
import { scratchPostgres } from "testing/scratch";
import { migrate } from "./migrate.ts";

announceWithoutPgbouncer("nothing was tried behind a pooler");

const IGNORED = "statement_timeout,idle_in_transaction_session_timeout,tcp_keepalives_idle";
/** Poolers and their settings: one refuses unknown settings, the other drops them. */
const POOLERS = {
  PgBouncer: [],
  "a PgBouncer that drops settings": [
    `ignore_startup_parameters = ${IGNORED},tcp_keepalives_interval,tcp_keepalives_count`,
  ],
};

let server: Awaited<ReturnType<typeof scratchPostgres>>;
const poolers: Awaited<ReturnType<typeof startPgbouncer>>[] = [];
let operator: Database;
/** URLs by the way of connecting: PostgreSQL directly, or a PgBouncer. */
let urls: Record<string, string>;
beforeAll(async () => {
  server = await scratchPostgres(["board"]);
  const direct = server.url("board");
  urls = { PostgreSQL: direct };
  if (pgbouncer !== undefined) {
    for (const [connection, settings] of Object.entries(POOLERS)) {
      const pooler = await startPgbouncer({ postgresUrl: direct, dir: server.dir, connectionsMax: 20, settings });
      poolers.push(pooler);
      urls[connection] = pooler.url;
    }
  }
  operator = openDatabase(direct, { connectionsMax: 2, deadlineMs: 60_000 });
  await operator.run((sql) => sql`CREATE TABLE locked (a INT)`);
});
afterAll(async () => {
  await operator.close();
  await Promise.all(poolers.map((pooler) => pooler.kill()));
  await server.dispose();
});

const connections = ["PostgreSQL"].concat(pgbouncer === undefined ? [] : Object.keys(POOLERS));

/** Backends that wait for a lock. */
const countWaiting = async () => {
  const [row] = await operator.run(
    (sql) => sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM pg_stat_activity
      WHERE wait_event_type = 'Lock' AND datname = current_database()`,
  );
  return row?.n ?? 0;
};

test.each(connections)(
  "a table that stays locked does not collect backends that wait for it, by way of %s",
  async (connection) => {
    const database = openDatabase(urls[connection] ?? "", { deadlineMs: 300, connectionsMax: 1 });
    await database.run((sql) => sql`SELECT 1`);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { promise: isLocked, resolve: onLocked } = Promise.withResolvers<void>();
    const locking = operator.run((sql) =>
      sql.begin(async (transaction) => {
        await transaction`LOCK TABLE locked IN ACCESS EXCLUSIVE MODE`;
        onLocked();
        await released;
      }),
    );
    await isLocked;
    const waiting: number[] = [];
    for (let n = 0; n < 8; n++) {
      const written = database.run((sql) => sql`INSERT INTO locked VALUES (1)`);
      await expect(written).rejects.toBeInstanceOf(DatabaseTimeout);
      waiting.push(await countWaiting());
    }
    // The one before may not have ended yet when the next one waits.
    expect(Math.max(...waiting)).toBeLessThanOrEqual(2);
    release();
    await locking;
    expect((await database.run((sql) => sql`INSERT INTO locked VALUES (1)`)).count).toBe(1);
    await database.close();
  },
);

test.each(connections)("statements of many uses at once run by way of %s, again and again", async (connection) => {
  const database = openDatabase(urls[connection] ?? "");
  for (let n = 0; n < 20; n++) {
    const sums = await Promise.all(
      Array.from({ length: 8 }, (_, i) => database.run((sql) => sql`SELECT ${i}::int + ${n}::int AS sum`)),
    );
    expect(sums.map(([row]) => row?.sum)).toEqual(Array.from({ length: 8 }, (_, i) => i + n));
  }
  await database.close();
});

const migrations = async () => (await readdir(join(import.meta.dir, "../../migrations"))).toSorted();

test.each(connections)(
  "a migration by way of %s leaves no lock behind, and several at once are one",
  async (connection) => {
    await operator.run((sql) =>
      sql.unsafe("DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE locked (a INT)").simple(),
    );
    const url = urls[connection] ?? "";
    const applied = await Promise.all(Array.from({ length: 5 }, () => migrate(url)));
    expect(applied.flat().sort()).toEqual(await migrations());
    expect(await migrate(url)).toEqual([]);
    const locks = await operator.run((sql) => sql`SELECT FROM pg_locks WHERE locktype = 'advisory'`);
    expect(locks.count).toBe(0);
  },
);

test("a drainer that is killed while it waits for a lock leaves its backend behind for no longer than its deadline", async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: isLocked, resolve: onLocked } = Promise.withResolvers<void>();
  const locking = operator.run((sql) =>
    sql.begin(async (transaction) => {
      await transaction`LOCK TABLE locked IN ACCESS EXCLUSIVE MODE`;
      onLocked();
      await released;
    }),
  );
  await isLocked;
  const program = `
    const { openDatabase } = await import(${JSON.stringify(import.meta.resolve("shared/postgres/database"))});
    await openDatabase(${JSON.stringify(urls.PostgreSQL)}).run((sql) => sql\`INSERT INTO locked VALUES (1)\`);`;
  const drainer = Bun.spawn([process.execPath, "-e", program], { stderr: "ignore" });
  while ((await countWaiting()) === 0);
  drainer.kill("SIGKILL");
  await drainer.exited;
  while ((await countWaiting()) > 0); // the test's own deadline ends it otherwise
  release();
  await locking;
});
