import { afterAll, beforeAll, expect, test } from "bun:test";
import { scratchPostgres } from "testing/scratch";
import { toArrayLiteral } from "./array-literal.ts";
import { DatabaseTimeout, openDatabase } from "./database.ts";

let server: Awaited<ReturnType<typeof scratchPostgres>>;
beforeAll(async () => {
  server = await scratchPostgres(["board"]);
});
afterAll(() => server.dispose());

test("a query without an answer fails at its deadline, and the next one works", async () => {
  const database = openDatabase(server.url("board"), { deadlineMs: 1_000, connectionsMax: 1 });
  await database.run((sql) => sql`SELECT 1`);
  await expect(database.run((sql) => sql`SELECT pg_sleep(30)`)).rejects.toBeInstanceOf(DatabaseTimeout);
  const patient = openDatabase(server.url("board"));
  await patient.run((sql) => sql`SELECT 1`);
  await patient.close();
  expect(await database.run((sql) => sql`SELECT 1 AS one`)).toMatchObject([{ one: 1 }]);
  await database.close();
});

test("a use of a server that never answers fails at the deadline", async () => {
  const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const database = openDatabase(`postgres://u:p@127.0.0.1:${silent.port}/board`, { deadlineMs: 100 });
  await expect(database.run((sql) => sql`SELECT 1`)).rejects.toBeInstanceOf(DatabaseTimeout);
  await database.close();
  silent.stop(true);
});

test("a pool heals when its backend has died in the middle of a query", async () => {
  const database = openDatabase(server.url("board"), { connectionsMax: 1 });
  const other = openDatabase(server.url("board"), { connectionsMax: 1 });
  const [row] = await database.run((sql) => sql<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`);
  const sleeping = database.run((sql) => sql`SELECT pg_sleep(30)`).catch((error: Error) => error);
  await other.run((sql) => sql`SELECT pg_terminate_backend(${row?.pid ?? 0})`);
  expect(await sleeping).toBeInstanceOf(Error);
  // The client may hand the error of the dead backend to the next query: at most one more failure.
  const selectOne = () => database.run((sql) => sql`SELECT 1 AS one`);
  expect(await selectOne().catch(selectOne)).toMatchObject([{ one: 1 }]);
  await Promise.all([database.close(), other.close()]);
});

test("the label names the database and never its password", async () => {
  const database = openDatabase("postgres://u:secret@db.example:5432/board");
  expect(database.label).toBe("db.example:5432/board");
  await database.close();
});

test("an array and its literal arrive item by item, with any characters", async () => {
  const database = openDatabase(server.url("board"));
  const odd = ["", "NULL", "{}", ",", " a ", '"', "\\", '\\"', "a,b", "\n", "é🎮"];
  for (const items of [odd, ["plain", "ones"], [""], []]) {
    for (const sent of [items, toArrayLiteral(items)]) {
      const rows = await database.run((sql) => sql`SELECT item FROM unnest(${sent}::text[]) AS item`);
      expect(rows.map(({ item }) => item)).toEqual(items);
    }
  }
  await database.close();
});
