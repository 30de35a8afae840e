import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { toArrival } from "shared/base/times";
import { type EntryRecord, formatRecord, parseRecord } from "shared/entries/records";
import { createLog } from "shared/log/log";
import { createTopology } from "shared/model/regions";
import { openDatabases } from "shared/postgres/databases";
import {
  accountClockKey,
  accountKey,
  accountQueueKey,
  boardKey,
  clockKey,
  deviceKey,
  entriesKey,
  queueKey,
} from "shared/redis/keys";
import { connectStores } from "shared/stores/stores";
import { flushAll } from "testing/whole-store";
import { scoreEvent, startUnderTest, type UnderTest } from "../../test/drainer-under-test.ts";
import { restore } from "../restore/restore.ts";
import { readAccountsOf } from "../rows/read-accounts.ts";
import { readEntriesOf } from "../rows/read-entries.ts";
import { upsertAccounts } from "../rows/upsert-accounts.ts";
import { upsertScores } from "../rows/upsert-scores.ts";
import { createEntrySubject } from "../subjects/entry-subject.ts";
import type { Sides } from "../subjects/sides.ts";
import { entrySweeps, homeSweeps } from "../subjects/subjects.ts";
import { type Drift, reconcile } from "./reconcile.ts";

let it: UnderTest;
let sides: Sides;
beforeAll(async () => {
  it = await startUnderTest();
  const topology = createTopology(["EU", "NA"], 1, ["main", "weekly"]);
  const urls = (url: string) => new Map(topology.regions.map((region) => [region, url]));
  const stores = connectStores({
    homeUrl: it.redisUrl,
    urlsByRegion: urls(it.redisUrl),
    name: "test",
    log: createLog("test", "silent"),
  });
  await Promise.all(stores.all.map((redis) => redis.connect()));
  sides = { topology, stores, databases: openDatabases(it.postgresUrl, urls(it.postgresUrl)) };
});
afterAll(async () => {
  sides.stores.close();
  await sides.databases.close();
  await it.close();
});

const eu = { region: "EU", partition: 0, tag: "EU" };
const na = { region: "NA", partition: 0, tag: "NA" };
const VERSION = 1_700_000_000_000_000;
const member = (reachedAt: number) => `${toArrival(reachedAt)}ada`;
const hash = "$argon2id$hash";
const account = {
  user_id: "ada",
  name: "Ada",
  region: "EU",
  password_hash: hash,
  device_hash: "d".repeat(43),
  password_at: "6",
  created_at: "5",
  updated_at: "6",
};

beforeEach(async () => {
  await it.clear();
  const others = Array.from({ length: 30 }, (_, n) => scoreEvent(`p${n}`, n, VERSION + n));
  const ada = scoreEvent("ada", 7, VERSION + 100, { reached_at: String(VERSION) });
  const weekly = scoreEvent("ada", 70, VERSION + 50, { board: "weekly" });
  await it.database.run((sql) =>
    upsertScores(sql, [ada, weekly, ...others, scoreEvent("bob", 1, 1, { region: "NA" })]),
  );
  await it.database.run((sql) =>
    upsertAccounts(sql, [account, { ...account, user_id: "bob", password_hash: "", device_hash: "" }]),
  );
  await restore(sides);
});

async function sweep(isFixing = false, { topology } = sides): Promise<Drift[]> {
  const found: Drift[] = [];
  const options = { isFixing, onDrift: (drift: Drift) => found.push(drift) };
  for (const each of [...entrySweeps(sides, topology.shards), ...homeSweeps(sides)]) await each(options);
  return found;
}

const sql = (work: Parameters<UnderTest["database"]["run"]>[0]) => it.database.run(work);
const rowOf = async (board = "main") => (await readEntriesOf(it.database, board, ["ada"]))[0];
const key = entriesKey(eu, "main");
const record = async () => parseRecord((await it.redis.hget(key, "ada")) ?? "");
const rewrite = async (change: Partial<EntryRecord>) =>
  it.redis.hset(key, "ada", formatRecord({ ...(await record()), ...change, ...rescored(change) }));
const rescored = ({ score }: Partial<EntryRecord>) => (score === undefined ? {} : { rankedScore: score });
/**
 * The entry of ada on main in Redis: score, arrival, version, name, and the number of her members.
 */
async function entry() {
  const { place, name, score: recorded, updatedAt: version } = await record();
  const members = await it.redis.zrange(boardKey(eu, "main"), "0", "-1");
  const score = await it.redis.zscore(boardKey(eu, "main"), `${place}ada`);
  const reached_at = String(Number.MAX_SAFE_INTEGER - Number(place));
  return {
    name,
    score,
    recorded,
    reached_at,
    version,
    members: members.filter((each) => each.endsWith("ada")).length,
  };
}
const whole = { name: "Name of ada", score: "7", recorded: "7", members: 1 };
const before = { ...whole, reached_at: String(VERSION), version: String(VERSION + 100) };
const rowBefore = { name: "Name of ada", region: "EU", score: "7", reached_at: before.reached_at };

test("stores that agree have no drift", async () => {
  expect(await sweep()).toEqual([]);
  expect(await entry()).toEqual(before);
});

type Edit = () => Promise<unknown>;
const edits: [string, Edit, kind: string, after: Partial<typeof before>, row?: Partial<typeof rowBefore>][] = [
  [
    "a row deleted",
    () => sql((s) => s`DELETE FROM leaderboard WHERE user_id = 'ada' AND board = 'main'`),
    "row_missing",
    {},
  ],
  [
    "a row set back",
    () =>
      sql((s) => s`UPDATE leaderboard SET updated_at = 'epoch', score = 1 WHERE user_id = 'ada' AND board = 'main'`),
    "row_older",
    {},
  ],
  [
    "the score in a row",
    () => sql((s) => s`UPDATE leaderboard SET score = 99 WHERE user_id = 'ada' AND board = 'main'`),
    "row_differs",
    {},
  ],
  [
    "the name in a row",
    () => sql((s) => s`UPDATE leaderboard SET name = 'X' WHERE user_id = 'ada' AND board = 'main'`),
    "row_differs",
    {},
  ],
  [
    "the region in a row",
    () => sql((s) => s`UPDATE leaderboard SET region = 'NA' WHERE user_id = 'ada' AND board = 'main'`),
    "row_differs",
    {},
  ],
  [
    "the arrival in a row",
    () => sql((s) => s`UPDATE leaderboard SET reached_at = 'epoch' WHERE user_id = 'ada' AND board = 'main'`),
    "row_differs",
    {},
  ],
  [
    "a score in a row that no score can be",
    () => sql((s) => s`UPDATE leaderboard SET score = 9007199254740993 WHERE user_id = 'ada' AND board = 'main'`),
    "row_differs",
    {},
  ],
  [
    "an arrival in a row that is no time",
    () => sql((s) => s`UPDATE leaderboard SET reached_at = '-infinity' WHERE user_id = 'ada' AND board = 'main'`),
    "row_differs",
    {},
  ],
  [
    "a row made newer",
    () =>
      sql(
        (s) =>
          s`UPDATE leaderboard SET score = 99, name = 'Eve', updated_at = updated_at + interval '1 day' WHERE user_id = 'ada' AND board = 'main'`,
      ),
    "entry_older",
    { score: "99", recorded: "99", name: "Eve", version: String(VERSION + 100 + 86_400_000_000) },
    { score: "99", name: "Eve" },
  ],
  ["the score in the ranking", () => it.redis.zadd(boardKey(eu, "main"), 99, member(VERSION)), "entry_broken", {}],
  ["a fraction in the ranking", () => it.redis.zadd(boardKey(eu, "main"), 7.5, member(VERSION)), "entry_broken", {}],
  ["the score in the record", () => rewrite({ score: "99" }), "entry_broken", {}],
  ["the name in the record", () => rewrite({ name: "Eve" }), "row_differs", { name: "Eve" }, { name: "Eve" }],
  [
    "both scores in Redis",
    () => Promise.all([rewrite({ score: "99" }), it.redis.zadd(boardKey(eu, "main"), 99, member(VERSION))]),
    "row_differs",
    { score: "99", recorded: "99" },
    { score: "99" },
  ],
  ["an older version in the record", () => rewrite({ updatedAt: String(VERSION + 1) }), "entry_older", {}],
  ["a version from the future in the record", () => rewrite({ updatedAt: "9000000000000000" }), "entry_broken", {}],
  ["no version in the record", () => rewrite({ updatedAt: "" }), "entry_broken", {}],
  ["no member", () => it.redis.zrem(boardKey(eu, "main"), member(VERSION)), "entry_broken", {}],
  ["a second member", () => it.redis.zadd(boardKey(eu, "main"), 99, member(VERSION - 5)), "entry_broken", {}],
  ["no record", () => it.redis.hdel(key, "ada"), "entry_missing", {}],
  ["another arrival", () => rewrite({ place: toArrival(VERSION - 5) }), "entry_broken", {}],
  ["an arrival that is none", () => rewrite({ place: "soon" }), "entry_broken", {}],
  ["a record that is none", () => it.redis.hset(key, "ada", "soon"), "entry_broken", {}],
  ["no name in the record", () => rewrite({ name: "" }), "entry_broken", {}],
];

describe.each(edits)("%s", (_, edit, kind, after, row = {}) => {
  test("is reported without a repair; with --fix it is repaired", async () => {
    await edit();
    const torn = [await entry(), await rowOf()];
    const [found, ...more] = await sweep();
    expect(found).toMatchObject({ tag: "EU", board: "main", user_id: "ada", kind, isRepaired: false });
    expect(found?.key).toStartWith(boardKey(eu, "main"));
    expect(more.filter(({ user_id }) => user_id !== "ada")).toEqual([]);
    expect([await entry(), await rowOf()]).toEqual(torn);

    const repaired = await sweep(true);
    expect(repaired.every(({ isRepaired }) => isRepaired)).toBe(true);
    const expected = { ...before, ...after };
    expect(await entry()).toEqual(expected);
    expect(await rowOf()).toMatchObject({ ...rowBefore, ...row, updated_at: expected.version });
    expect(await sweep()).toEqual([]);
  });
});

test("a repair raises the clock, so that cached tops are read again", async () => {
  await it.redis.zrem(boardKey(eu, "main"), member(VERSION));
  const clock = Number(await it.redis.get(clockKey(eu)));
  expect(await sweep(true)).toMatchObject([{ isRepaired: true }]);
  expect(Number(await it.redis.get(clockKey(eu)))).toBeGreaterThan(clock);
});

test("a player without any value in Redis is restored on all boards", async () => {
  await it.redis.zrem(boardKey(eu, "main"), member(VERSION));
  await it.redis.zrem(boardKey(eu, "weekly"), member(VERSION + 50));
  for (const board of ["main", "weekly"]) await it.redis.hdel(entriesKey(eu, board), "ada");
  expect((await sweep(true)).map(({ board, kind, isRepaired }) => [board, kind, isRepaired])).toEqual([
    ["main", "entry_missing", true],
    ["weekly", "entry_missing", true],
  ]);
  expect(await entry()).toEqual(before);
  expect(await it.redis.hget(entriesKey(eu, "weekly"), "ada")).toContain(` ${VERSION + 50} 70 `);
  expect(await sweep()).toEqual([]);
});

test("an emptied Redis and an emptied PostgreSQL are filled from the other store", async () => {
  const [entries, row] = [await entry(), await rowOf()];
  await it.database.run((s) => s`TRUNCATE leaderboard, accounts, erasures, visibility`);
  const kinds = (found: Drift[]) => new Set(found.map(({ kind, isRepaired }) => `${kind} ${isRepaired}`));
  expect(kinds(await sweep(true))).toEqual(new Set(["row_missing true"]));
  expect(await rowOf()).toEqual(row as NonNullable<typeof row>);
  await flushAll(it.redis);
  expect(kinds(await sweep(true))).toEqual(new Set(["entry_missing true"]));
  expect(await entry()).toEqual(entries);
  expect(Number(await it.redis.get(clockKey(eu)))).toBeGreaterThanOrEqual(VERSION + 100);
  expect(await sweep()).toEqual([]);
});

test("a contradictory entry without a row is repaired from its own parts", async () => {
  await it.database.run((s) => s`DELETE FROM leaderboard WHERE user_id = 'ada' AND board = 'main'`);
  await it.redis.zrem(boardKey(eu, "main"), member(VERSION));
  expect(await sweep(true)).toMatchObject([{ kind: "entry_broken", isRepaired: true }]);
  expect(await entry()).toEqual(before);
  expect(await rowOf()).toMatchObject(rowBefore);
});

const rank = (text: string) => it.redis.zadd(boardKey(eu, "main"), 5, text);
test.each([
  ["a member that names no player", () => rank("who?"), "leaderboard:{EU} who?"],
  ["a member with U+0000", () => rank(`${toArrival(5)}a\u0000b`), `leaderboard:{EU} ${toArrival(5)}a\u0000b`],
  ["a member that stands alone", () => rank(`${toArrival(5)}eve`), `leaderboard:{EU} ${toArrival(5)}eve`],
  ["a record that stands alone", () => it.redis.hset(key, "eve", toArrival(5)), "entries:{EU}"],
])("%s is reported as unrepairable, with its key, and stays where it is", async (_, edit, place) => {
  await edit();
  for (const isFixing of [false, true, false]) {
    expect(await sweep(isFixing)).toMatchObject([{ kind: "unrepairable", key: place, isRepaired: false }]);
  }
});

test("a row that PostgreSQL refuses is reported with its reason, and the others are written", async () => {
  await rewrite({ name: "x".repeat(201) });
  await it.database.run((s) => s`DELETE FROM leaderboard WHERE user_id = 'p1'`);
  const found = await sweep(true);
  expect(found.find(({ user_id }) => user_id === "ada")).toMatchObject({
    kind: "row_differs",
    isRepaired: false,
    reason: expect.stringMatching(/^22001 /),
  });
  expect(found.find(({ user_id }) => user_id === "p1")).toMatchObject({ kind: "row_missing", isRepaired: true });
});

test("a row with a time beyond the range of Redis is reported and left", async () => {
  await it.database.run(
    (s) => s`UPDATE leaderboard SET updated_at = 'infinity' WHERE user_id = 'ada' AND board = 'main'`,
  );
  expect(await sweep(true)).toMatchObject([{ kind: "row_differs", isRepaired: false }]);
});

test("a row of the wrong region is repaired in the player's region, and creates no entry elsewhere", async () => {
  await it.database.run((s) => s`UPDATE leaderboard SET region = 'NA' WHERE user_id = 'p1'`);
  const found = await sweep(true, { ...sides, topology: createTopology(["NA", "EU"], 1, ["main", "weekly"]) });
  expect(found).toMatchObject([{ tag: "EU", user_id: "p1", isRepaired: true }]);
  expect(await it.redis.hexists(entriesKey(na, "main"), "p1")).toBe(0);
});

describe("what is queued", () => {
  const event = (version: number) => JSON.stringify(scoreEvent("somebody", 1, version));

  test("is not judged, and neither is a newer write", async () => {
    await it.database.run((s) => s`DELETE FROM leaderboard WHERE user_id IN ('ada', 'p1')`);
    await it.redis.lpush(queueKey(eu), event(VERSION + 50), event(VERSION + 200));
    expect((await sweep(true)).map(({ user_id, board }) => `${user_id} ${board}`)).toEqual(["p1 main"]);
    expect(await rowOf()).toBeUndefined();
    await it.redis.del(queueKey(eu));
    expect(await sweep()).toHaveLength(2); // ada, on both boards
  });

  test("is every write, while the oldest event has no version", async () => {
    await it.database.run((s) => s`DELETE FROM leaderboard WHERE user_id = 'ada'`);
    await it.redis.lpush(queueKey(eu), "not JSON");
    expect(await sweep(true)).toEqual([]);
  });

  test("does not keep entries that only PostgreSQL has from being compared", async () => {
    await it.redis.lpush(queueKey(eu), event(VERSION + 200));
    await it.database.run((s) => s`DELETE FROM leaderboard WHERE user_id = 'ada' AND board = 'main'`);
    expect(await sweep(true)).toMatchObject([{ user_id: "ada", isRepaired: true }]);
  });
});

describe("a write between the look and the repair", () => {
  const later = VERSION + 500;
  /** Repairs, and does this after the first look. */
  async function sweepRacing(write: () => Promise<unknown>): Promise<Drift[]> {
    const subject = createEntrySubject({ ...sides, board: "main", region: "EU", shards: [eu] });
    const found: Drift[] = [];
    let reads = 0;
    const readRows: typeof subject.readRows = async (ids) => {
      const rows = await subject.readRows(ids);
      if (++reads === 2) await write();
      return rows;
    };
    await reconcile({ ...subject, readRows }, { isFixing: true, onDrift: (drift) => found.push(drift) });
    return found;
  }

  test("is not undone in Redis", async () => {
    await it.redis.zadd(boardKey(eu, "main"), 99, member(VERSION - 5)); // a second member
    const found = await sweepRacing(async () => {
      await it.redis.zrem(boardKey(eu, "main"), member(VERSION));
      await it.redis.zadd(boardKey(eu, "main"), 8, member(later));
      await rewrite({ place: toArrival(later), score: "8", updatedAt: String(later) });
      const event = scoreEvent("ada", 8, later);
      await it.redis.lpush(queueKey(eu), JSON.stringify(event));
    });
    expect(await entry()).toMatchObject({ score: "8", recorded: "8", version: String(later), members: 2 });
    expect(found).toMatchObject([{ user_id: "ada" }]);
    await it.database.run((s) => upsertScores(s, [scoreEvent("ada", 8, later)]));
    await it.redis.del(queueKey(eu));
    expect(await sweep(true)).toMatchObject([{ user_id: "ada", isRepaired: true }]);
    expect(await entry()).toMatchObject({ score: "8", version: String(later), members: 1 });
  });

  test("is not undone in PostgreSQL", async () => {
    await it.database.run((s) => s`DELETE FROM leaderboard WHERE user_id = 'ada' AND board = 'main'`);
    await sweepRacing(() => it.database.run((s) => upsertScores(s, [scoreEvent("ada", 8, later)])));
    expect(await rowOf()).toMatchObject({ score: "8", updated_at: String(later) });
  });
});

describe("accounts", () => {
  const readBoth = async () => [
    (await readAccountsOf(it.database, ["ada"]))[0],
    { user_id: "ada", ...(await it.redis.hgetall(accountKey("ada"))) },
  ];
  const hset = (fields: Record<string, string>) => it.redis.hset(accountKey("ada"), fields);
  const cases: [string, Edit, kind: string, after: Partial<typeof account>][] = [
    ["a row deleted", () => sql((s) => s`DELETE FROM accounts WHERE user_id = 'ada'`), "row_missing", {}],
    [
      "a row changed",
      () => sql((s) => s`UPDATE accounts SET name = 'X', password_hash = NULL WHERE user_id = 'ada'`),
      "row_differs",
      {},
    ],
    [
      "a row made newer",
      () =>
        sql(
          (s) =>
            s`UPDATE accounts SET name = 'X', updated_at = updated_at + interval '1 microsecond' WHERE user_id = 'ada'`,
        ),
      "entry_older",
      { name: "X", updated_at: "7" },
    ],
    ["an account deleted", () => it.redis.del(accountKey("ada")), "entry_missing", {}],
    [
      "an account that another player has registered since",
      () => hset({ name: "Eve", created_at: "8", updated_at: "9" }),
      "entry_foreign",
      {},
    ],
    ["a name in Redis", () => hset({ name: "Eve" }), "row_differs", { name: "Eve" }],
    ["the change of a password gone from Redis", () => hset({ password_at: "4", updated_at: "4" }), "entry_older", {}],
    [
      "an account and its device deleted",
      () => it.redis.del(accountKey("ada"), deviceKey(account.device_hash)),
      "entry_missing",
      {},
    ],
    ["a hash gone from Redis", () => it.redis.hdel(accountKey("ada"), "password_hash"), "entry_broken", {}],
    ["a version from the future", () => hset({ updated_at: "9000000000000000" }), "entry_broken", {}],
    ["an older version in Redis", () => hset({ updated_at: "5" }), "entry_older", {}],
  ];
  test.each(cases)("%s", async (_, edit, kind, after) => {
    await edit();
    expect(await sweep()).toMatchObject([{ tag: "accounts", user_id: "ada", kind, isRepaired: false }]);
    expect(await sweep(true)).toMatchObject([{ key: accountKey("ada"), kind, isRepaired: true }]);
    expect(await readBoth()).toEqual([
      { ...account, ...after },
      { ...account, ...after },
    ]);
    expect(await it.redis.get(deviceKey(account.device_hash))).toBe("ada");
    expect(await sweep()).toEqual([]);
  });

  test("an incomplete account without a row is unrepairable, and a queued account is not judged", async () => {
    await it.redis.hset(accountKey("eve"), "name", "Eve");
    expect(await sweep(true)).toMatchObject([{ user_id: "eve", kind: "unrepairable", isRepaired: false }]);
    await it.redis.del(accountKey("eve"));
    await it.database.run((s) => s`TRUNCATE accounts`);
    await it.redis.lpush(accountQueueKey, JSON.stringify(account));
    expect(await sweep(true)).toEqual([]);
  });

  test("a repair keeps the initial score that an account still has to write", async () => {
    await hset({ initial_score: "10", updated_at: "5" });
    await sweep(true);
    expect(await it.redis.hget(accountKey("ada"), "initial_score")).toBe("10");
    expect(await it.redis.get(accountClockKey)).toBe("6");
  });
});

test("more players than a page are compared in either store", async () => {
  const many = Array.from({ length: 2_500 }, (_, n) => scoreEvent(`many-${n}`, n, VERSION + n));
  await it.database.run((s) => upsertScores(s, many));
  expect(await sweep(true)).toHaveLength(2_500);
  await it.database.run((s) => s`DELETE FROM leaderboard WHERE user_id LIKE 'many-%'`);
  expect(await sweep(true)).toHaveLength(2_500);
  expect(await sweep()).toEqual([]);
});
