import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createLog } from "shared/log/log";
import { openDatabase } from "shared/postgres/database";
import { readPostgresUrl } from "shared/stores/postgres-url";
import { makeCertificates } from "testing/certificates";
import { dirForFile, forFile } from "testing/for-file";
import { announceWithoutPgbouncer, pgbouncer, startPgbouncer } from "testing/pgbouncer";
import { scratchPostgres } from "testing/scratch";
import { until } from "testing/until";
import { explainRefusal } from "./explain-refusal.ts";
import { migrate } from "./migrate.ts";
import { migrateWhenThere } from "./migrate-when-there.ts";

announceWithoutPgbouncer("no parameter was sent through a pooler");

const dir = await dirForFile();
const files = await makeCertificates(dir);
const stranger = await makeCertificates(await dirForFile());
let server: Awaited<ReturnType<typeof scratchPostgres>>;
beforeAll(async () => {
  const tls = ["ssl=on", `ssl_cert_file=${files.cert}`, `ssl_key_file=${files.key}`];
  const args = tls.flatMap((setting) => ["-c", setting]);
  server = await scratchPostgres(["board", "closed", "late"], args);
});
afterAll(() => server.dispose());

async function query<T>(url: string, text: string): Promise<T[]> {
  const database = openDatabase(url);
  try {
    return await database.run(async (sql) => (await sql.unsafe(text)) as unknown as T[]);
  } finally {
    await database.close();
  }
}

const usesTls = async (url: string) => {
  const [row] = await query<{ ssl: boolean }>(url, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
  return row?.ssl;
};
const at = (parameters: string, host = "127.0.0.1") =>
  `${server.url("board").replace("127.0.0.1", host)}?${parameters}`;

test("a URL as Neon gives it migrates and serves", async () => {
  const url = at("sslmode=require&channel_binding=require");
  expect(await migrate(url)).not.toEqual([]);
  expect(await usesTls(url)).toBe(true);
});

test.each([
  ["", false],
  ["sslmode=disable", false],
  ["sslmode=prefer", true],
  ["sslmode=require", true],
  [`sslmode=verify-ca&sslrootcert=${files.ca}`, true],
  [`sslmode=verify-full&sslrootcert=${files.ca}`, true],
])("TLS is as %p asks", async (parameters, expected) => {
  expect(await usesTls(at(parameters))).toBe(expected);
  expect(await usesTls(at(parameters, "localhost"))).toBe(expected);
});

test.each(["sslmode=verify-full", `sslmode=verify-ca&sslrootcert=${stranger.ca}`])(
  "a certificate that %p does not accept is refused",
  async (parameters) => {
    await expect(usesTls(at(parameters))).rejects.toThrow(/certificate|self.signed|issuer/i);
  },
);

test("settings, options and the application's name reach the server, beside the drainer's own bounds", async () => {
  const url = at("application_name=game&options=-c%20work_mem%3D5MB&jit=off&statement_timeout=1");
  const settings =
    "SELECT name, setting FROM pg_settings WHERE name IN ('application_name','jit','work_mem','statement_timeout')";
  const rows = await query<{ name: string; setting: string }>(url, settings);
  const found = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
  expect(found).toMatchObject({ jit: "off", work_mem: "5120", statement_timeout: "2700" });
  expect(found.application_name).toMatch(/^game [0-9a-f-]{36}$/);
});

test("of several hosts the one that answers is used", async () => {
  const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const dead = silent.port;
  silent.stop(true);
  const url = server.url("board").replace("127.0.0.1", `127.0.0.1:${dead},127.0.0.1`);
  const database = openDatabase(url);
  await until(
    () => database.run((sql) => sql`SELECT 1 AS one`).catch(() => []),
    (rows) => rows.length === 1,
  );
  await database.close();
});

describe("the log of a drainer that cannot migrate says what to do", () => {
  /** Migrates in the background, until the log has the words. */
  async function failUntil(url: string, words: RegExp): Promise<() => Promise<void>> {
    const lines: string[] = [];
    const migrated = migrateWhenThere(url, createLog("test", "warn", { write: (line) => void lines.push(line) }));
    await until(
      async () => lines.join(""),
      (text) => words.test(text.replaceAll('\\"', '"')),
    );
    return () => migrated;
  }

  test("without rights on the schema public, and it goes on once they are granted", async () => {
    const owner = server.url("closed");
    await query(owner, "CREATE ROLE player LOGIN PASSWORD 'scratch'");
    const url = owner.replace("leaderboard:", "player:");
    const finish = await failUntil(url, /GRANT USAGE, CREATE ON SCHEMA public TO "player";/);
    await query(owner, 'GRANT USAGE, CREATE ON SCHEMA public TO "player"');
    await await finish();
    expect(await migrate(url)).toEqual([]);
  });

  test("without use of the schema, which PostgreSQL tells in other words", async () => {
    const owner = server.url("late");
    await query(owner, "CREATE ROLE late LOGIN PASSWORD 'scratch'");
    await query(owner, "REVOKE ALL ON SCHEMA public FROM PUBLIC");
    const finish = await failUntil(
      owner.replace("leaderboard:", "late:"),
      /GRANT USAGE, CREATE ON SCHEMA public TO "late";/,
    );
    await query(owner, 'GRANT USAGE, CREATE ON SCHEMA public TO "late"');
    await finish();
  });

  test("with a parameter that PostgreSQL does not know", async () => {
    const url = at("options=-c%20colour%3Dred");
    await expect(migrate(url)).rejects.toThrow('unrecognized configuration parameter "colour"');
    expect(() => readPostgresUrl(at("colour=red"))).toThrow("has a parameter colour");
  });

  test.each([
    ["sslmode=verify-full", /is not trusted \(.*sslrootcert=\/path\/to\/ca.pem/],
    [`sslmode=verify-full&sslrootcert=${stranger.ca}`, /is not trusted \(/],
  ])("with a certificate that %s does not accept", async (parameters, words) => {
    const error = await migrate(at(parameters)).catch((reason: unknown) => reason);
    expect(explainRefusal(error, readPostgresUrl(at(parameters))).message).toMatch(words);
  });

  test("with sslmode=require at a server without TLS", async () => {
    const plain = await forFile(scratchPostgres(["board"]));
    const url = `${plain.url("board")}?sslmode=require`;
    const error = await migrate(url).catch((reason: unknown) => reason);
    expect(explainRefusal(error, readPostgresUrl(url)).message).toBe(
      "PostgreSQL does not speak TLS there: turn it on, or write sslmode=disable into POSTGRES_URL",
    );
  });
});

test.skipIf(pgbouncer === undefined)("behind PgBouncer the parameters of Neon and Prisma change nothing", async () => {
  const pooler = await forFile(
    startPgbouncer({ postgresUrl: server.url("board"), dir: server.dir, connectionsMax: 4 }),
  );
  const url = `${pooler.url}?channel_binding=require&pgbouncer=true&connection_limit=1&application_name=game`;
  await migrate(url);
  expect(await query(url, "SELECT 1 AS one")).toMatchObject([{ one: 1 }]);
});
