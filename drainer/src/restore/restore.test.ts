import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { toArrival } from "shared/base/times";
import { createLog } from "shared/log/log";
import { openDatabases } from "shared/postgres/databases";
import { accountClockKey, accountKey, boardKey, boardKeys, clockKey, deviceKey, entriesKey } from "shared/redis/keys";
import { connectStores } from "shared/stores/stores";
import { plainRecord } from "testing/redis/plain-record";
import { keysOf } from "testing/whole-store";
import { readBoard, scoreEvent, startUnderTest, type UnderTest } from "../../test/drainer-under-test.ts";
import { upsertAccounts } from "../rows/upsert-accounts.ts";
import { upsertScores } from "../rows/upsert-scores.ts";
import { putEntries } from "./put-entries.ts";
import { restore } from "./restore.ts";

let it: UnderTest;
let runRestore: () => ReturnType<typeof restore>;
const cleanups: (() => unknown)[] = [];
beforeAll(async () => {
  it = await startUnderTest();
  const log = createLog("test", "silent");
  const stores = connectStores({
    homeUrl: it.redisUrl,
    urlsByRegion: new Map([["EU", it.redisUrl]]),
    name: "test",
    log,
  });
  await Promise.all(stores.all.map((redis) => redis.connect()));
  const databases = openDatabases(it.postgresUrl, new Map([["EU", it.postgresUrl]]));
  cleanups.push(
    () => stores.close(),
    () => databases.close(),
  );
  runRestore = () => restore({ topology: it.topology, stores, databases });
});
afterAll(async () => {
  await Promise.all(cleanups.map((cleanup) => cleanup()));
  await it.close();
});
beforeEach(() => it.clear());

const shard = { region: "EU", partition: 0, tag: "EU" };
const write = (...events: ReturnType<typeof scoreEvent>[]) => it.database.run((sql) => upsertScores(sql, events));
const readRanking = async (board = "main") => {
  const members = await it.redis.zrevrange(boardKey(shard, board), 0, -1);
  return members.map((member) => member.slice(16));
};
const recordOf = (board = "main") => it.redis.hget(entriesKey(shard, board), "ann");
const record = (score: number, reachedAt: number, version: number, name = "Name of ann") =>
  plainRecord({ score, reachedAt, version, name });

test("the order in Redis after a restore is the order in SQL, ties included", async () => {
  const players = Array.from({ length: 60 }, (_, i) => scoreEvent(`p${(i * 37) % 60}`, i % 3, 1_000 + (i % 7)));
  await write(...players);
  expect(await runRestore()).toEqual({ entries: 60, newer: 0, accounts: 0, settings: 0, unknown: 0 });
  expect(await readRanking()).toEqual((await readBoard(it.database)).map((row) => row.user_id));
});

test("a restore brings back name, score, arrival and version", async () => {
  const version = 1_799_999_999_999_999;
  await write(scoreEvent("ann", -Number.MAX_SAFE_INTEGER, version), scoreEvent("ann", 3, 7, { board: "weekly" }));
  await runRestore();
  expect(await recordOf()).toBe(record(-Number.MAX_SAFE_INTEGER, version, version));
  expect(await recordOf("weekly")).toBe(record(3, 7, 7));
  expect(await readRanking("weekly")).toEqual(["ann"]);
});

test("an entry that is newer in Redis is never overwritten", async () => {
  await write(scoreEvent("ann", 5, 10));
  await runRestore();
  await it.redis.hset(entriesKey(shard, "main"), "ann", record(6, 10, 11));
  await it.redis.zadd(boardKey(shard, "main"), 6, `${toArrival(10)}ann`);
  expect(await runRestore()).toMatchObject({ entries: 0, newer: 1 });
  expect(await it.redis.zscore(boardKey(shard, "main"), `${toArrival(10)}ann`)).toBe("6");
});

test("a player restored twice has one entry", async () => {
  await write(scoreEvent("ann", 5, 10));
  await runRestore();
  await write(scoreEvent("ann", 6, 20));
  await runRestore();
  await runRestore();
  expect(await readRanking()).toEqual(["ann"]);
});

test("a row replaces the name of an older entry in Redis, and not of a newer one", async () => {
  await write(scoreEvent("ann", 5, 10, { name: "Before" }));
  await runRestore();
  await write(scoreEvent("ann", 6, 20, { name: "After" }));
  await runRestore();
  expect(await recordOf()).toBe(record(6, 20, 20, "After"));
  await it.redis.hset(entriesKey(shard, "main"), "ann", record(6, 20, 30, "Live"));
  await write(scoreEvent("ann", 7, 25, { name: "Between" }));
  await runRestore();
  expect(await recordOf()).toBe(record(6, 20, 30, "Live"));
});

test("a row that no service wrote is counted and left out, and the rest of its page is restored", async () => {
  await write(scoreEvent("ann", 5, 10), scoreEvent("bob", 5, 10), scoreEvent("cid", 5, 10));
  await it.database.run((sql) => sql`UPDATE leaderboard SET updated_at = 'infinity' WHERE user_id = 'ann'`);
  await it.database.run((sql) => sql`UPDATE leaderboard SET score = 9007199254740993 WHERE user_id = 'bob'`);
  expect(await runRestore()).toEqual({ entries: 1, newer: 0, accounts: 0, settings: 0, unknown: 2 });
});

test("a restore raises the clock to the newest version, or by one, so that cached tops are read again", async () => {
  await write(scoreEvent("ann", 5, 10), scoreEvent("bob", 5, 30));
  await runRestore();
  expect(await it.redis.get(clockKey(shard))).toBe("30");
  await it.redis.set(clockKey(shard), "99");
  await runRestore();
  expect(await it.redis.get(clockKey(shard))).toBe("100");
});

test("accounts come back with their hashes, and newer accounts stay", async () => {
  const account = {
    user_id: "ann",
    name: "Ann",
    region: "EU",
    password_hash: "hash",
    device_hash: "d".repeat(43),
    password_at: "5",
    created_at: "5",
    updated_at: "5",
  };
  const open = { ...account, user_id: "bob", password_hash: "", device_hash: "", password_at: "" };
  await it.database.run((sql) => upsertAccounts(sql, [account, open]));
  expect(await runRestore()).toMatchObject({ accounts: 2 });
  const { user_id: _, ...fields } = account;
  expect(await it.redis.hgetall(accountKey("ann"))).toEqual(fields);
  expect(await it.redis.get(deviceKey(account.device_hash))).toBe("ann");
  const { name, region, created_at, updated_at } = account;
  const plain = { name, region, password_hash: "", created_at, updated_at };
  expect(await it.redis.hgetall(accountKey("bob"))).toEqual(plain);
  expect(await it.redis.get(accountClockKey)).toBe("5");
  await it.redis.hset(accountKey("ann"), { name: "Anna", updated_at: "6" });
  await it.redis.hset(accountKey("bob"), { initial_score: "7", updated_at: "4" });
  expect(await runRestore()).toMatchObject({ accounts: 1 });
  expect(await it.redis.hget(accountKey("ann"), "name")).toBe("Anna");
  expect(await it.redis.hgetall(accountKey("bob"))).toMatchObject({ initial_score: "7", updated_at: "5" });
});

test("an account with a hash of any size that no ranker wrote is counted and left out", async () => {
  await it.database.run(
    (sql) => sql`INSERT INTO accounts VALUES ('ann', 'Ann', 'EU', repeat('x', 50000000), now(), now())`,
  );
  expect(await runRestore()).toEqual({ entries: 0, newer: 0, accounts: 0, settings: 0, unknown: 1 });
  expect(await it.redis.exists(accountKey("ann"))).toBe(0);
});

test("rows of a region that is not configured, or of an id that no board may have, are counted and left out", async () => {
  await write(scoreEvent("ann", 5, 10, { region: "MOON" }), scoreEvent("bob", 5, 10, { board: "No board" }));
  expect(await runRestore()).toEqual({ entries: 0, newer: 0, accounts: 0, settings: 0, unknown: 2 });
});

test("more rows than a page are all restored, each once", async () => {
  const version = (i: number) => 1_000 + i;
  await write(...Array.from({ length: 10_001 }, (_, i) => scoreEvent(`p${i}`, i % 10, version(i))));
  const account = { name: "A", region: "EU", password_hash: "", created_at: "5", updated_at: "5" };
  const accounts = Array.from({ length: 5_001 }, (_, i) => ({ ...account, user_id: `p${i}` }));
  await it.database.run((sql) => upsertAccounts(sql, accounts));
  expect(await runRestore()).toMatchObject({ entries: 10_001, accounts: 5_001 });
  expect(await it.redis.exists(accountKey("p0"), accountKey("p5000"))).toBe(2);
  expect(await it.redis.zcard(boardKey(shard, "main"))).toBe(10_001);
});

test.each(["board", "hidden", "entries", "details", "clock", "visibility"] as const)(
  "a wrong type at the %s key of a shard: a restore changes nothing there",
  async (name) => {
    await write(scoreEvent("ann", 5, 1_000), scoreEvent("bob", 3, 1_001, { attempts: "2" }));
    await it.redis.set(boardKeys(shard, "main")[name], "not what belongs here");
    const before = await keysOf(it.redis, "*{EU}*");
    const rows = [scoreEvent("ann", 5, 1_000), scoreEvent("bob", 3, 1_001, { attempts: "2" })];
    await expect(putEntries(it.redis, { shard, board: "main", rows })).rejects.toThrow();
    expect((await keysOf(it.redis, "*{EU}*")).sort()).toEqual(before.sort());
  },
);
