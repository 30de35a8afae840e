import { afterEach, expect, test } from "bun:test";
import { forFile } from "testing/for-file";
import { scratchPostgres } from "testing/scratch";
import { openTcpProxy } from "testing/tcp-proxy";
import { until } from "testing/until";
import { ArchiveAway, openArchiveDatabases, WAITING_MAX } from "./archive-databases.ts";

const server = await forFile(scratchPostgres(["archives"]));
const proxy = await forFile(openTcpProxy(Number(new URL(server.url("archives")).port)));
afterEach(() => proxy.pass());
const url = server.url("archives").replace(/:\d+\//, `:${proxy.port}/`);

const WAIT_MS = 200;
const open = () => openArchiveDatabases({ homeUrl: url, urlsByRegion: new Map([["EU", url]]) });
const names = async (databases: ReturnType<typeof open>) =>
  databases.home.read((sql) => sql<{ name: string }[]>`SELECT current_setting('application_name') AS name`, 5_000);

test("connections are named after the ranker, and a database of several regions has one pool", async () => {
  const databases = openArchiveDatabases({
    homeUrl: url,
    urlsByRegion: new Map(["EU", "NA"].map((each) => [each, url])),
  });
  expect((await names(databases))[0]?.name).toStartWith("ranker ");
  expect(databases.all.map(({ regions }) => regions)).toEqual([["EU", "NA"]]);
  await databases.close();
});

test("a database that hangs holds up a bounded number of reads, each for its wait, and all later ones not at all", async () => {
  const databases = open();
  await names(databases);
  proxy.blackHole();
  const startedAt = performance.now();
  const read = async () => {
    const error = await databases.home.read((sql) => sql`SELECT 1`, WAIT_MS).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ArchiveAway);
    return performance.now() - startedAt;
  };
  const took = await Promise.all(Array.from({ length: 2 * WAITING_MAX }, read));
  const early = took.filter((ms) => ms < WAIT_MS);
  expect(early).toHaveLength(WAITING_MAX);
  // Those that wait for PostgreSQL still are more than the one that may ask.
  const later = performance.now();
  await read();
  expect(performance.now() - later).toBeLessThan(WAIT_MS);
  proxy.pass();
  expect(
    await until(
      () => names(databases).catch(() => []),
      (rows) => rows.length === 1,
    ),
  ).toHaveLength(1);
  await databases.close();
}, 30_000);

test("a statement that takes too long is ended by PostgreSQL", async () => {
  const databases = open();
  const error = await databases.home.read((sql) => sql`SELECT pg_sleep(60)`, 5_000).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ArchiveAway);
  const busy = await databases.home.read(
    (sql) =>
      sql`SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()`,
    5_000,
  );
  expect(busy).toHaveLength(0);
  await databases.close();
});
