import { beforeEach, describe, expect, test } from "bun:test";
import { putBoards } from "shared/boards/put-boards";
import { createLog } from "shared/log/log";
import type { SettingKind, SettingValue } from "shared/model/settings";
import type { Database } from "shared/postgres/database";
import { boardsKey, clockKey, fenceKey, queueKey, settingsKey } from "shared/redis/keys";
import { toPlanValue } from "shared/seasons/plan";
import { createSettings } from "shared/settings/settings";
import { forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { until } from "testing/until";
import { startUnderTest } from "../../test/drainer-under-test.ts";
import { startSeasons } from "../../test/seasons-under-test.ts";
import { createDrain } from "../drain/drain.ts";
import { unshared } from "../leases/lease.ts";
import { accountQueue } from "../queues/queues.ts";
import { accountEvents } from "../rows/upsert-accounts.ts";
import { readDueSeals, SEALS_PAGE } from "./due-seals.ts";
import { createSealBoards } from "./seal-boards.ts";

const it = await forFile(startUnderTest());
const { redis, database } = it;
const seasons = await forFile(startSeasons(it));
const { topology, sides, write } = seasons;
beforeEach(() => seasons.reset());

const log = createLog("test", "silent");
const signal = new AbortController().signal;
const seal = (from = sides) => createSealBoards({ ...from, log, signal })();
const settings = createSettings({ home: redis, queueMax: 100_000 });
const SECOND = 1_000_000;

const drainAccounts = createDrain({
  redis,
  database,
  keys: accountQueue,
  kind: accountEvents,
  lease: unshared,
  batchMax: 1_000,
});
const toPostgres = () => until(drainAccounts, ({ state }) => state === "empty");
const put = async (kind: SettingKind, id: string, value: SettingValue) =>
  Number(await settings.put(kind, id, { value, replaces: (await settings.read(kind, id))?.version }));

/**
 * A board whose seasons ended so many seconds ago, the oldest first; the present one ends later.
 */
async function plan(id: string, endedAgo: readonly number[], rest: { first?: number } = {}) {
  const [seconds, micros] = await redis.time();
  const now = Number(seconds) * SECOND + Number(micros);
  const schedule = { schedule: "0 0 * * 1", zone: "UTC" };
  const rev = await put("boards", id, { state: "open", season: schedule, born: 0 });
  const start = now - ((endedAgo[0] ?? 0) + 60) * SECOND;
  const at = [start, ...endedAgo.map((ago) => now - ago * SECOND), now + 3_600 * SECOND, now + 7_200 * SECOND];
  const made = { rev, first: rest.first ?? 1, ...schedule, at };
  await put("seasons", id, toPlanValue(made));
  return made;
}
const kept = (id = "weekly") => Promise.all(topology.shards.map((shard) => redis.hget(boardsKey(shard), id)));
const planVersion = async (id = "weekly") => (await redis.hget(settingsKey("seasons"), id))?.split(" ")[0];
const events = async (index = 0) => {
  const shard = topology.shards[index];
  return shard === undefined ? [] : (await redis.lrange(queueKey(shard), 0, -1)).reverse();
};
const ended = async (index = 0) =>
  (await events(index)).map((event) => JSON.parse(event)).map(({ season_ended, count }) => [season_ended, count]);
const due = () => readDueSeals(database, Date.now() * 1_000, undefined);

test("idle shards end a season at its instant, behind its writes, and those that do not know the board as well", async () => {
  const { rev, at } = await plan("weekly", [10]);
  await toPostgres();
  const [eu] = topology.shards;
  const told = {
    id: "weekly",
    rev,
    state: "open",
    born: 0,
    plan: { version: rev, first: 1, at: at.slice(0, 2) },
  } as const;
  if (eu) await putBoards(redis, eu, [told]);
  const event = await write(1, "p-1", 5);
  expect(await seal()).toEqual({ sealed: 1, oldest: undefined });
  const text = `${rev} open 2 1 ${at[1]} ${at[2]} ${at[3]} plan ${await planVersion()}`;
  expect(await kept()).toEqual([text, text, text, text]);
  for (const [n, shard] of topology.shards.entries()) {
    const found = (await events(n)).map((each) => JSON.parse(each));
    const hasWrite = found.some(({ user_id }) => user_id === event.user_id);
    expect(found.at(-1)).toEqual({
      season_ended: 1,
      count: hasWrite ? 1 : 0,
      hidden: 0,
      starts_at: String(at[0]),
      ends_at: String(at[1]),
      updated_at: await redis.get(clockKey(shard)),
      board: "weekly",
      region: shard.region,
    });
    expect(Number(await redis.get(clockKey(shard)))).toBeGreaterThanOrEqual(at[1] ?? 0);
  }
  expect(await seal()).toEqual({ sealed: 0, oldest: undefined });
});

test("boundaries that were missed end one season each, with consecutive numbers and no entries but in the first", async () => {
  await plan("weekly", [300, 200, 100]);
  await toPostgres();
  await seal();
  expect(await Promise.all([0, 1, 2, 3].map(ended))).toEqual(
    Array(4).fill([
      [1, 0],
      [2, 0],
      [3, 0],
    ]),
  );
  await seasons.drain();
  expect(await seasons.look()).toMatchObject({ finished: 3 });
  expect(await seasons.states()).toEqual(["weekly 1 final 0", "weekly 2 final 0", "weekly 3 final 0"]);
});

test("more boundaries than a shard knows at once are ended all the same", async () => {
  await plan(
    "weekly",
    Array.from({ length: 150 }, (_, n) => 200 - n),
  );
  await toPostgres();
  expect(await seal()).toMatchObject({ sealed: 1 });
  expect((await ended(3)).map(([season]) => season)).toEqual(Array.from({ length: 150 }, (_, n) => n + 1));
});

test("many boards whose seasons end in the same second are ended in pages, each once", async () => {
  const ids = Array.from({ length: 2 * SEALS_PAGE + 10 }, (_, n) => `b-${n}`);
  for (const id of ids) await plan(id, [5]);
  await toPostgres();
  expect(await seal()).toEqual({ sealed: ids.length, oldest: undefined });
  for (const n of topology.shards.keys()) expect(await events(n)).toHaveLength(ids.length);
  expect(await due()).toEqual([]);
});

test("a season that runs goes on, and a board that is being deleted is left alone", async () => {
  const { rev, at } = await plan("runs", []);
  await plan("gone", [5]);
  await put("boards", "gone", { state: "deleting", born: 0 });
  await toPostgres();
  expect(await seal()).toEqual({ sealed: 1, oldest: undefined });
  expect([await kept("runs"), await kept("gone"), await events()]).toEqual([
    Array(4).fill(`${rev} open 1 1 ${at.join(" ")} plan ${await planVersion("runs")}`),
    Array(4).fill(null),
    [],
  ]);
  expect(await due()).toEqual([]);
});

test("another plan reaches all shards at once, also one that is away at that moment", async () => {
  const before = await plan("weekly", []);
  await toPostgres();
  await seal();
  const at = [before.at[0] ?? 0, (before.at[1] ?? 0) + 60 * SECOND, (before.at[2] ?? 0) + 60 * SECOND];
  const rev = await put("boards", "weekly", { state: "open", season: { schedule: "1 0 * * 1", zone: "UTC" }, born: 0 });
  // A ranker tells the revision while the planner has not come to it.
  for (const shard of topology.shards) {
    await putBoards(redis, shard, [{ id: "weekly", rev, state: "open", born: 0, plan: { ...before, version: 1 } }]);
  }
  await put("seasons", "weekly", toPlanValue({ ...before, rev, at }));
  await toPostgres();
  await redis.set(fenceKey("NA.1"), "test 0 0 lost");
  expect(await seal()).toMatchObject({ sealed: 0 });
  const told = `${rev} open 1 1 ${at.join(" ")} plan ${await planVersion()}`;
  expect((await kept()).filter((text) => text === told)).toHaveLength(3);
  await openFences(redis, topology);
  expect(await seal()).toMatchObject({ sealed: 1 });
  expect(await kept()).toEqual(Array(4).fill(told));
  expect(await due()).toEqual([]);
});

test("the next season is looked for at its own end", async () => {
  const { at } = await plan("weekly", [5]);
  await toPostgres();
  await seal();
  const later = (at[2] ?? 0) + 1;
  expect((await readDueSeals(database, later, undefined)).map(({ id, sealAt }) => [id, sealAt])).toEqual([
    ["weekly", at[2] ?? 0],
  ]);
});

describe("a shard that may not be written", () => {
  test.each([
    [
      "while it is compared with PostgreSQL",
      () => redis.set(fenceKey("NA.1"), "test 0 0 lost"),
      () => openFences(redis, topology),
    ],
    ["while its entries move", () => redis.set("split:{NA.1}", "2>4 moving"), () => redis.set("split:{NA.1}", "2")],
  ])("%s is left for later, and the others end the season", async (_, close, open) => {
    const { at } = await plan("weekly", [5]);
    await toPostgres();
    await close();
    expect(await seal()).toEqual({ sealed: 0, oldest: at[1] });
    expect(await Promise.all([0, 1, 2, 3].map(async (n) => (await ended(n)).length))).toEqual([1, 1, 1, 0]);
    await open();
    expect(await seal()).toEqual({ sealed: 1, oldest: undefined });
    expect(await Promise.all([0, 1, 2, 3].map(async (n) => (await ended(n)).length))).toEqual([1, 1, 1, 1]);
  });
});

test("two drainers beside each other end each season once", async () => {
  const ids = Array.from({ length: 30 }, (_, n) => `b-${n}`);
  for (const id of ids) await plan(id, [50, 5]);
  await toPostgres();
  await Promise.all([seal(), seal(), seal()]);
  await seal();
  for (const n of topology.shards.keys()) expect(await events(n)).toHaveLength(2 * ids.length);
});

test("a drainer that is killed before PostgreSQL notes the end, or after, leaves the shards as they should be", async () => {
  for (const when of ["before", "after"] as const) {
    await seasons.reset();
    await plan("weekly", [50, 5]);
    await toPostgres();
    let uses = 0;
    const run: Database["run"] = async (work) => {
      const isHere = ++uses === 2;
      if (isHere && when === "before") throw new Error("killed");
      const done = await database.run(work);
      if (isHere) throw new Error("killed");
      return done;
    };
    const home: Database = { ...database, run };
    await expect(seal({ ...sides, databases: { ...sides.databases, home } })).rejects.toThrow("killed");
    await seal();
    expect([when, await due(), await Promise.all([0, 1, 2, 3].map(ended))]).toEqual([
      when,
      [],
      Array(4).fill([
        [1, 0],
        [2, 0],
      ]),
    ]);
  }
});

test("a full queue of writes does not keep a season from its end", async () => {
  await plan("weekly", [5]);
  await toPostgres();
  const [eu] = topology.shards;
  if (eu) await redis.lpush(queueKey(eu), ...Array.from({ length: 5_000 }, (_, n) => `{"updated_at":"${n}"}`));
  expect(await seal()).toMatchObject({ sealed: 1 });
  expect((await events(0)).length).toBe(5_001);
});

describe("the end of a season that an operator's ranker announced, and did not decide because it was killed", () => {
  /** Fences the running season on some shards, as the ranker has done. */
  async function announce(ageUs: number, fenced: number) {
    const before = await plan("weekly", []);
    await toPostgres();
    await seal();
    const instant = before.rev + 1;
    const announced = await put("seasons", "weekly", { ...toPlanValue(before), ending: 1 });
    // It was announced so long ago.
    const value = await redis.hget(settingsKey("seasons"), "weekly");
    await redis.hset(settingsKey("seasons"), "weekly", `${announced - ageUs} ${value?.split(" ").slice(1).join(" ")}`);
    await toPostgres();
    for (const shard of topology.shards.slice(0, fenced)) {
      const text = `${before.rev} open 1 1 ${before.at[0]} ${instant} fence ${announced - ageUs}`;
      await redis.hset(boardsKey(shard), "weekly", text);
    }
    return before;
  }
  const look = async () => {
    await seal();
    await toPostgres();
  };

  test("is withdrawn after a second, on all shards, also without writes", async () => {
    const { rev, at } = await announce(5 * SECOND, 3);
    await until(due, (left) => left.length === 1);
    await look();
    await look();
    expect(await kept()).toEqual(Array(4).fill(`${rev} open 1 1 ${at.join(" ")} plan ${await planVersion()}`));
    expect((await settings.read("seasons", "weekly"))?.value).not.toHaveProperty("ending");
    expect([await due(), await events()]).toEqual([[], []]);
  });

  test("is left to the ranker for that second", async () => {
    await announce(0, 2);
    expect(await seal()).toMatchObject({ sealed: 0 });
    expect((await kept()).filter((text) => text?.includes(" fence "))).toHaveLength(2);
    expect((await settings.read("seasons", "weekly"))?.value).toMatchObject({ ending: 1 });
  });
});
