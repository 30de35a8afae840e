import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createLog } from "shared/log/log";
import { openDatabases } from "shared/postgres/databases";
import { ACCOUNTS_TAG, accountKey, boardKey, clockKey, fenceKey, splitKey } from "shared/redis/keys";
import { runAt } from "shared/redis/redis";
import { refusedByRedis } from "shared/redis/reply-error";
import { formatFence, parseFence } from "shared/stores/fence";
import {
  pushEvents,
  readBoard,
  scoreDrain,
  scoreEvent,
  startUnderTest,
  type UnderTest,
} from "../../test/drainer-under-test.ts";
import { retryBriefly } from "../command/retry-briefly.ts";
import { unshared } from "../leases/lease.ts";
import { upsertAccounts } from "../rows/upsert-accounts.ts";
import { closeAll } from "./close-all.ts";
import { createGuard, type StoreState } from "./guard.ts";
import { setRun } from "./guarded-stores.ts";
import { createRestorer } from "./restorer.ts";

let it: UnderTest;
const log = createLog("test", "silent");
beforeAll(async () => {
  it = await startUnderTest();
}, 60_000);
afterAll(() => it.close());
beforeEach(async () => {
  await it.clear();
  for (const tag of ["EU", ACCOUNTS_TAG]) await it.redis.del(fenceKey(tag));
});

const shard = { region: "EU", partition: 0, tag: "EU" };
const account = (user_id: string, created_at: string, password_hash: string) => ({
  user_id,
  name: user_id,
  region: "EU",
  password_hash,
  created_at,
  updated_at: created_at,
});

const databases = () => openDatabases(it.postgresUrl, new Map([["EU", it.postgresUrl]]));
const stores = () => ({ home: it.redis, all: [it.redis], byAddress: new Map(), of: () => it.redis, close: () => {} });
const sidesOf = () => ({ topology: it.topology, stores: stores(), databases: databases() });

/** The guard of a drainer that was just started, and the states that it reported. */
function guarding(tag = "EU") {
  const restorer = createRestorer(sidesOf(), { log, signal: new AbortController().signal });
  const states: StoreState[] = [];
  const onState = (_: string, state: StoreState) => void states.push(state);
  const guard = createGuard({ redis: it.redis, tag, database: it.database, lease: unshared, restorer, log, onState });
  return { guard, states };
}

const fenceOf = async (tag = "EU") => parseFence(await it.redis.get(fenceKey(tag)));

describe("a store", () => {
  test("of a new deployment is opened by the guard, and judged again only after a change", async () => {
    const { guard, states } = guarding();
    const run = await guard();
    expect(await fenceOf()).toEqual({ origin: expect.any(String), keptVersion: 0, from: 0, run });
    expect(runAt(it.redis, fenceKey("EU"))).toBe(run);
    expect([await guard(), states]).toEqual([run, ["checking", "open"]]);
  });

  test("whose entries have moved to other partitions is not taken for one that lost them", async () => {
    await setRun(it.database, "EU", { origin: "origin", run: "an earlier run" });
    await it.redis.set(splitKey("EU"), "4");
    const { guard, states } = guarding();
    await expect(guard()).rejects.toThrow("is split into 4");
    expect([await it.redis.get(fenceKey("EU")), states]).toEqual([null, ["checking"]]);
  });

  test("that release 0.1 wrote is opened unchanged", async () => {
    await it.database.run(
      (sql) => sql`
      INSERT INTO leaderboard (user_id, name, region, score, reached_at) VALUES ('ann', 'Ann', 'EU', 5, now())`,
    );
    await it.redis.set(clockKey(shard), "100");
    const { guard, states } = guarding();
    await guard();
    expect(states).toEqual(["checking", "open"]);
    expect(await it.redis.zcard(boardKey(shard, "main"))).toBe(0);
  });

  test("that was emptied is restored before it is opened, and its clock is above every earlier version", async () => {
    const drain = scoreDrain(it, { guard: guarding().guard });
    await drain();
    await pushEvents(it, scoreEvent("ann", 7, 100));
    await drain();
    for (const key of [fenceKey("EU"), clockKey(shard)]) await it.redis.del(key);
    const { guard, states } = guarding();
    const run = await guard();
    expect(states).toEqual(["checking", "lost", "open"]);
    expect(await it.redis.zscore(boardKey(shard, "main"), `${"9007199254740891"}ann`)).toBe("7");
    expect(Number(await it.redis.get(clockKey(shard)))).toBeGreaterThan(100);
    expect(await fenceOf()).toMatchObject({ keptVersion: 100, run });
  });

  test("that lacks a version which PostgreSQL has from another drainer is restored", async () => {
    const drain = scoreDrain(it, { guard: guarding().guard });
    await drain();
    await it.redis.set(clockKey(shard), "300");
    await pushEvents(it, scoreEvent("ann", 7, 300));
    await drain();
    const fence = await fenceOf();
    await it.redis.set(
      fenceKey("EU"),
      formatFence({ origin: fence?.origin ?? "", keptVersion: 0, from: 0, run: "before" }),
    );
    await it.redis.set(clockKey(shard), "299");
    const { guard, states } = guarding();
    await guard();
    expect(states).toEqual(["checking", "lost", "open"]);
  });

  test("with another deployment's data stays closed, and nothing of it is drained", async () => {
    await scoreDrain(it, { guard: guarding().guard })();
    await it.redis.set(fenceKey("EU"), formatFence({ origin: "theirs", keptVersion: 5, from: 5, run: "theirs" }));
    await pushEvents(it, scoreEvent("eve", 9, 400));
    const { guard, states } = guarding();
    await expect(scoreDrain(it, { guard })()).rejects.toThrow("the data of another deployment");
    expect([states, await readBoard(it.database)]).toEqual([["checking", "foreign"], []]);
  });
});

test("a region without writes is not lost, although its database has rows of another region", async () => {
  await it.database.run(
    (sql) => sql`
      INSERT INTO leaderboard (user_id, name, region, score, reached_at) VALUES ('ann', 'Ann', 'NA', 5, now())`,
  );
  const { guard, states } = guarding();
  await guard();
  expect(states).toEqual(["checking", "open"]);
});

test("an interrupted restore leaves the store closed, even when its clock is complete", async () => {
  const drain = scoreDrain(it, { guard: guarding().guard });
  await drain();
  await pushEvents(it, scoreEvent("ann", 7, 100), scoreEvent("bob", 8, 200));
  await drain();
  for (const key of [fenceKey("EU"), clockKey(shard)]) await it.redis.del(key);
  const sides = sidesOf();
  expect(await closeAll(sides)).toHaveLength(2); // the shard and the accounts
  await it.redis.set(clockKey(shard), "200"); // only the newest row was restored
  const { guard, states } = guarding();
  await guard();
  expect(states).toEqual(["checking", "lost", "open"]);
  expect(await it.redis.zcard(boardKey(shard, "main"))).toBe(2);
});

test("a restore goes on after Redis has not answered for a moment", async () => {
  let failures = 0;
  const work = async () => {
    if (failures++ < 3) throw new Error("Command timed out");
    return "done";
  };
  expect(await retryBriefly(work, 0)).toBe("done");
  await expect(retryBriefly(() => Promise.reject(refusedByRedis("ERR wrong")), 0)).rejects.toThrow("ERR wrong");
});

test("a batch read before its store was opened on another run is refused, and the next step writes it", async () => {
  const { guard } = guarding();
  const run = await guard();
  let isLate = true;
  const drain = scoreDrain(it, {
    async guard() {
      const read = await guard();
      // Another drainer opens the store on a new run after this guard has checked it.
      if (isLate) await setRun(it.database, "EU", { origin: "x", run: "later" });
      return read;
    },
  });
  await pushEvents(it, scoreEvent("ann", 7, 100));
  await expect(drain()).rejects.toMatchObject({ code: "LB001" });
  expect(await readBoard(it.database)).toEqual([]);
  isLate = false;
  await setRun(it.database, "EU", { origin: "x", run });
  await drain();
  expect(await readBoard(it.database)).toMatchObject([{ user_id: "ann", score: "7" }]);
});

describe("accounts", () => {
  test("of an emptied store come back with their passwords before a registration is possible", async () => {
    await guarding(ACCOUNTS_TAG).guard();
    await it.database.run((sql) => upsertAccounts(sql, [account("grace", "100", "hash")]));
    await it.redis.del(fenceKey(ACCOUNTS_TAG));
    await guarding(ACCOUNTS_TAG).guard();
    expect(await it.redis.hgetall(accountKey("grace"))).toMatchObject({ created_at: "100", password_hash: "hash" });
  });

  test("that were erased since an older copy of Redis are deleted again", async () => {
    await guarding(ACCOUNTS_TAG).guard();
    await it.redis.hset(accountKey("ann"), { name: "ann", region: "EU", created_at: "100", updated_at: "100" });
    await it.database.run((sql) => sql`SELECT record_erasures(ARRAY['accounts'], ARRAY['ann'], ARRAY['200'])`);
    await it.redis.del(fenceKey(ACCOUNTS_TAG));
    await guarding(ACCOUNTS_TAG).guard();
    expect(await it.redis.exists(accountKey("ann"))).toBe(0);
  });

  test("are never replaced by another account of the same id, which PostgreSQL refuses with the reason", async () => {
    await it.database.run((sql) => upsertAccounts(sql, [account("grace", "100", "hers")]));
    await expect(
      it.database.run((sql) => upsertAccounts(sql, [account("grace", "200", "a stranger's")])),
    ).rejects.toMatchObject({ code: "23505", message: expect.stringContaining("another account of grace is there") });
    const rows = await it.database.run((sql) => sql`SELECT password_hash FROM accounts`);
    expect([...rows]).toEqual([{ password_hash: "hers" }]);
  });
});
