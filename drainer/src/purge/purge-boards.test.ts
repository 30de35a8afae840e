import { beforeEach, describe, expect, test } from "bun:test";
import connect from "postgres";
import { putBoards } from "shared/boards/put-boards";
import { createLog } from "shared/log/log";
import { toDeadElement } from "shared/model/dead-element";
import type { ScoreEvent } from "shared/model/events";
import { createTopology, type Shard } from "shared/model/regions";
import type { Database } from "shared/postgres/database";
import { boardsKey, clockKey, deadKey, entryKeys, fenceKey, queueKey, splitKey } from "shared/redis/keys";
import { createSettings } from "shared/settings/settings";
import { forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { until } from "testing/until";
import { scoreDrain, scoreEvent, sidesUnderTest, startUnderTest } from "../../test/drainer-under-test.ts";
import { retryDead } from "../dead/dead-events.ts";
import { readGuarded } from "../guard/guarded-stores.ts";
import { putEntries } from "../restore/put-entries.ts";
import { restore } from "../restore/restore.ts";
import { readEntriesOf } from "../rows/read-entries.ts";
import { upsertScores } from "../rows/upsert-scores.ts";
import { upsertSettings } from "../settings/upsert-settings.ts";
import type { Sides } from "../subjects/sides.ts";
import { importBoard } from "../transfer/import-board.ts";
import { endDeletion, PURGED_ROWS_MAX, purgeRows } from "./deleted-boards.ts";
import { createPurgeBoards } from "./purge-boards.ts";
import { endRegion, purgeRegion } from "./purge-region.ts";

const it = await forFile(startUnderTest());
const { redis, database } = it;
const topology = createTopology(["EU", "NA"], 1, ["main"]);
const [eu, na] = topology.shards as [Shard, Shard];
const log = createLog("test", "silent");
const sides = await sidesUnderTest(it, topology);
const { databases } = sides;
const settings = createSettings({ home: redis, queueMax: 1_000 });

const BOARD = "cup";
const VERSION = 1_700_000_000_000_000;

beforeEach(async () => {
  await it.clear();
  await openFences(redis, topology);
  for (const { tag } of topology.shards) await redis.set(splitKey(tag), "1");
});

/** Makes the change of a setting, and brings it to PostgreSQL. @returns its version */
async function put(value: Record<string, unknown> | null): Promise<number> {
  const before = await settings.read("boards", BOARD);
  const version = String(await settings.put("boards", BOARD, { value, replaces: before?.version }));
  await database.run((sql) => upsertSettings(sql, [{ setting: "boards", id: BOARD, value, updated_at: version }]));
  return Number(version);
}
const row = (userId: string, rest: Partial<ScoreEvent> = {}) =>
  scoreEvent(userId, 5, VERSION, { board: BOARD, ...rest });
const writeRows = (...rows: ScoreEvent[]) => database.run((sql) => upsertScores(sql, rows));
const putEntry = (shard: Shard, event: ScoreEvent) =>
  putEntries(redis, { shard, board: event.board, rows: [{ ...event, attempts: "1" }] });

/** A board with an entry and a row in both regions, and a player of another board. */
async function make(): Promise<void> {
  const rev = await put({ state: "open" });
  for (const shard of topology.shards) {
    await putBoards(redis, shard, [{ id: BOARD, rev, state: "open", born: 0 }]);
    const events = [row(`of-${shard.region}`, { region: shard.region }), scoreEvent("ann", 5, VERSION)];
    for (const event of events.slice(0, shard === eu ? 2 : 1)) {
      await writeRows(event);
      await putEntry(shard, event);
    }
  }
}
/** As a ranker does. */
async function remove(): Promise<number> {
  const rev = await put({ state: "deleting" });
  for (const shard of topology.shards) {
    await putBoards(redis, shard, [{ id: BOARD, rev, state: "deleting", born: 0 }]);
  }
  return rev;
}
/** As a ranker makes a board of an id that was deleted. */
async function makeAgain(): Promise<void> {
  const { version } = (await settings.read("boards", BOARD)) ?? {};
  const rev = await put({ state: "open", born: Number(version) });
  for (const shard of topology.shards) {
    await putBoards(redis, shard, [{ id: BOARD, rev, state: "open", born: Number(version) }]);
  }
}

const signal = new AbortController().signal;
/** A drainer that has just started. */
const look = (from: Sides = sides, onPage = async () => {}) => createPurgeBoards({ ...from, log, signal, onPage })();
const isFree = async () => (await settings.read("boards", BOARD))?.value === null;
const rowsOf = async (board: string) => {
  const rows = await database.run(
    (sql) => sql<{ user_id: string }[]>`SELECT user_id FROM leaderboard WHERE board = ${board} ORDER BY user_id`,
  );
  return rows.map(({ user_id }) => user_id);
};
const keysLeft = async (board = BOARD) =>
  (await Promise.all(topology.shards.map((shard) => redis.exists(...entryKeys(shard, board))))).reduce((a, b) => a + b);

test("nothing is left of a deleted board in any store, and then its id is free; other boards stay", async () => {
  await make();
  await writeRows(row("of-a-region-that-is-gone", { region: "ASIA" }));
  await remove();
  expect(await look()).toMatchObject({ count: 1, oldest: [{ id: BOARD }] });
  expect([await rowsOf(BOARD), await keysLeft(), await isFree()]).toEqual([[], 0, true]);
  expect([await rowsOf("main"), await keysLeft("main")]).toEqual([["ann"], 3]);
  // PostgreSQL learns of it by the queue of the accounts. Until then a look does nothing.
  expect(await look()).toMatchObject({ count: 1 });
  const { version = "" } = (await settings.read("boards", BOARD)) ?? {};
  await database.run((sql) =>
    upsertSettings(sql, [{ setting: "boards", id: BOARD, value: null, updated_at: version }]),
  );
  expect(await look()).toEqual({ count: 0, oldest: [] });
});

test("rows go in pages", async () => {
  await make();
  const ids = Array.from({ length: 2 * PURGED_ROWS_MAX + 5 }, (_, n) => `p-${n}`);
  await writeRows(...ids.map((id) => row(id)));
  await remove();
  const left: number[] = [];
  await look(sides, async () => void left.push((await rowsOf(BOARD)).length));
  for (const [n, rows] of left.entries()) {
    expect((left[n - 1] ?? ids.length + 2) - rows).toBeLessThanOrEqual(PURGED_ROWS_MAX);
  }
  expect([left.at(-1), await isFree()]).toEqual([0, true]);
});

describe("the plan of the board's seasons", () => {
  const season = { schedule: "0 0 * * 1", zone: "UTC", starts_at: null, keep: null };
  const plan = { rev: 1, first: 1, schedule: "0 0 * * 1", zone: "UTC", at: [] };
  const putPlan = (replaces: string | undefined) => settings.put("seasons", BOARD, { value: plan, replaces });

  test("goes with it, before the id is free", async () => {
    await make();
    await putPlan(undefined);
    await remove();
    await look();
    expect([(await settings.read("seasons", BOARD))?.value, await isFree()]).toEqual([null, true]);
  });

  test("is written no more by a planner that has read the board before", async () => {
    await put({ state: "open", season });
    await put({ state: "deleting", season });
    await look();
    expect([await putPlan(undefined), await isFree()]).toEqual([undefined, true]);
  });

  test("of a board without a schedule was never there", async () => {
    await make();
    await remove();
    await look();
    expect([await settings.read("seasons", BOARD), await isFree()]).toEqual([undefined, true]);
  });
});

describe("the seasons of the board", () => {
  const season = { schedule: "0 0 * * 1", zone: "UTC", starts_at: null, keep: null };
  const many = <R extends object>(text: string) => database.run((sql) => sql.unsafe<R[]>(text));
  const tables = ["seasons", "season_ends", "ended_seasons", "archived"];
  const left = async () =>
    (await Promise.all(tables.map((table) => many(`SELECT FROM ${table} WHERE board = '${BOARD}'`)))).map(
      ({ length }) => length,
    );

  test("go with it, running, closing and final ones; those of other boards stay", async () => {
    const rev = await put({ state: "open", season });
    const at = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"];
    const plan = { rev, first: 2, schedule: "0 0 * * 1", zone: "UTC", at };
    await settings.put("seasons", BOARD, { value: plan, replaces: undefined });
    for (const shard of topology.shards) {
      await redis.hset(boardsKey(shard), BOARD, `${rev} open 3 2 100 200 300`);
      for (const n of [2, 3]) {
        const event = row(`of-${n}-${shard.region}`, { region: shard.region, board: `${BOARD}@${n}` });
        await writeRows(event);
        await putEntry(shard, event);
      }
    }
    await writeRows(scoreEvent("ann", 5, VERSION, { board: `${BOARD}2@2` }));
    await many(`INSERT INTO season_ends VALUES ('${BOARD}', 2, 'EU', 'EU', 1, 0, now(), now(), 1);
      INSERT INTO ended_seasons (ranking, region, board, season, starts_at, ends_at)
      VALUES ('${BOARD}@2', 'EU', '${BOARD}', 2, now(), now()), ('${BOARD}2@2', 'EU', '${BOARD}2', 2, now(), now());
      INSERT INTO seasons VALUES ('${BOARD}', 1, now(), now(), 'final', 2), ('${BOARD}', 2, now(), now(), 'closing', 0);
      INSERT INTO archived
        (board, season, region, rank, rank_shared, counted, hidden, user_id, name, score, sort_key, reached_at, updated_at)
      SELECT '${BOARD}', 1, region, n, n, TRUE, n % 2 = 0, region || n, 'name', 1, 1, now(), now()
      FROM unnest(ARRAY['EU', 'NA']) AS region, generate_series(1, ${PURGED_ROWS_MAX + 5}) AS n`);
    await put({ state: "deleting", season });
    await look();
    expect([await isFree(), await left()]).toEqual([true, [0, 0, 0, 0]]);
    for (const n of [2, 3]) expect([await rowsOf(`${BOARD}@${n}`), await keysLeft(`${BOARD}@${n}`)]).toEqual([[], 0]);
    expect(await rowsOf(`${BOARD}2@2`)).toEqual(["ann"]);
    expect(await many(`SELECT FROM ended_seasons WHERE board = '${BOARD}2'`)).toHaveLength(1);
  });

  test("become no rows by an event that comes late", async () => {
    const rev = await put({ state: "open", season });
    for (const shard of topology.shards) {
      await redis.hset(boardsKey(shard), BOARD, `${rev} open 3 2 100 200 300`);
      await redis.set(clockKey(shard), String(VERSION + 10));
    }
    await put({ state: "deleting", season });
    await look();
    const end = `{"season_ended":3,"count":1,"hidden":0,"starts_at":"1","ends_at":"2","updated_at":"${VERSION}","board":"${BOARD}","region":"EU"}`;
    await redis.lpush(queueKey(eu), JSON.stringify(row("late", { board: `${BOARD}@3` })), end);
    expect(await scoreDrain(it)()).toMatchObject({ events: 2, rows: 0, refused: 0 });
    expect([await rowsOf(`${BOARD}@3`), await left()]).toEqual([[], [0, 0, 0, 0]]);
  });
});

describe("an event of the board", () => {
  const queued = (...events: ScoreEvent[]) =>
    redis.lpush(queueKey(eu), ...events.map((event) => JSON.stringify(event)));

  test("that waits becomes no row, and the id is free once it has left the queue", async () => {
    await make();
    await redis.set(clockKey(eu), String(VERSION + 10));
    await queued(row("late", { updated_at: String(VERSION + 5) }), scoreEvent("bob", 7, VERSION + 6));
    await remove();
    await look();
    expect([await rowsOf(BOARD), await isFree()]).toEqual([[], false]);
    expect(await scoreDrain(it)()).toMatchObject({ state: "drained", events: 2, refused: 0 });
    await look();
    expect([await rowsOf(BOARD), await rowsOf("main"), await isFree()]).toEqual([[], ["ann", "bob"], true]);
  });

  test("that PostgreSQL is writing when the purge begins is waited for, and its row goes", async () => {
    await make();
    await remove();
    const sql = connect(it.postgresUrl, { max: 1 });
    const writing = await sql.reserve();
    await writing`BEGIN`;
    await upsertScores(writing, [row("in-flight")]);
    const looking = look();
    await until(
      () => database.run((each) => each`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`),
      ({ length }) => length > 0,
    );
    await writing`COMMIT`;
    writing.release();
    await looking;
    await sql.end();
    expect([await rowsOf(BOARD), await isFree()]).toEqual([[], true]);
  });

  test("that is newer, of another board, holds up nothing", async () => {
    await make();
    await remove();
    const purge = createPurgeBoards({ ...sides, log, signal, onPage: async () => {} });
    await queued(row("late"));
    await purge();
    await redis.del(queueKey(eu));
    await queued(scoreEvent("bob", 7, Number(await redis.get(clockKey(eu))) + 1));
    await purge();
    expect(await isFree()).toBe(true);
  });

  test("that is dead goes with the board, and those of other boards stay", async () => {
    await make();
    const dead = (event: object | string) => {
      const raw = Buffer.from(typeof event === "string" ? event : JSON.stringify(event));
      return toDeadElement({ raw, reason: "22001 too long" }, new Date(0));
    };
    const stays = dead({ ...scoreEvent("eve", 7, VERSION), name: `{"board":"${BOARD}"}` });
    const torn = dead(`{"updated_at":"7","board": "${BOARD}","user_id":`);
    await redis.lpush(deadKey(eu), dead(row("dan")), stays, torn);
    await remove();
    await look();
    expect([await redis.lrange(deadKey(eu), 0, -1), await isFree()]).toEqual([[stays], true]);
  });

  test("comes back neither by a retry nor by an older queue, once the id is another board's", async () => {
    await make();
    await remove();
    await look();
    await makeAgain();
    // What an older copy of Redis may still have.
    const raw = Buffer.from(JSON.stringify(row("dan")));
    await redis.lpush(deadKey(eu), toDeadElement({ raw, reason: "22001" }, new Date(0)));
    await retryDead(redis, it.keys);
    await queued(row("eve"));
    const version = Number(await redis.get(clockKey(eu))) + 1;
    await queued(row("new", { updated_at: String(version) }));
    expect(await scoreDrain(it)()).toMatchObject({ events: 3, rows: 1, refused: 0 });
    expect(await rowsOf(BOARD)).toEqual(["new"]);
  });
});

describe("a purge that is cut off", () => {
  const isCut = new Error("killed");
  /** Fails the use number `at` of a database, before or after PostgreSQL has done it. */
  function cutAt(at: number, when: "before" | "after") {
    let uses = 0;
    const run: Database["run"] = async (work) => {
      const isHere = ++uses === at;
      if (isHere && when === "before") throw isCut;
      const done = await database.run(work);
      if (isHere) throw isCut;
      return done;
    };
    const cut: Database = { ...database, run };
    return { from: { ...sides, databases: { ...databases, home: cut, of: () => cut } }, uses: () => uses };
  }

  test.each(["before", "after"] as const)(
    "%s any step in PostgreSQL is completed by the next drainer",
    async (when) => {
      let at = 1;
      for (let isLast = false; !isLast; at++) {
        await it.clear();
        await openFences(redis, topology);
        await make();
        await remove();
        const { from, uses } = cutAt(at, when);
        await look(from).catch((error) => expect(error).toBe(isCut));
        isLast = uses() < at;
        await look();
        expect([at, await rowsOf(BOARD), await keysLeft(), await isFree()]).toEqual([at, [], 0, true]);
      }
      expect(at).toBeGreaterThan(8);
    },
  );

  test("by the end of its drainer ends at the next page", async () => {
    await make();
    await remove();
    const stopping = new AbortController();
    const onPage = async () => {
      stopping.abort(new Error("the drainer stops"));
      stopping.signal.throwIfAborted();
    };
    const purge = createPurgeBoards({ ...sides, log, signal: stopping.signal, onPage });
    await expect(purge()).rejects.toThrow("the drainer stops");
    expect(await isFree()).toBe(false);
    await look();
    expect(await isFree()).toBe(true);
  });
});

describe("a region that is away is waited for, while the others are purged:", () => {
  const noDatabase = { ...database, run: () => Promise.reject(new Error("away")) };
  const away: [name: string, from: Sides, close: () => Promise<unknown>, open: () => Promise<unknown>][] = [
    [
      "its database",
      { ...sides, databases: { ...databases, of: (region) => (region === "NA" ? noDatabase : databases.of(region)) } },
      async () => {},
      async () => {},
    ],
    [
      "its Redis, being restored",
      sides,
      () => redis.set(fenceKey("NA"), "test 0 0 lost"),
      () => openFences(redis, topology),
    ],
    [
      "its entries, on the move",
      sides,
      () => redis.set(splitKey("NA"), "1>4 copying"),
      () => redis.set(splitKey("NA"), "1"),
    ],
  ];

  test.each(away)("%s", async (_, from, close, open) => {
    await make();
    await remove();
    await close();
    for (let time = 1; time <= 2; time++) {
      await look(from);
      expect(await isFree()).toBe(false);
      expect(await rowsOf(BOARD)).not.toContain("of-EU");
      expect(await redis.exists(...entryKeys(eu, BOARD))).toBe(0);
      expect(await redis.exists(...entryKeys(na, BOARD))).toBe(3);
    }
    await open();
    await look();
    expect([await rowsOf(BOARD), await keysLeft(), await isFree()]).toEqual([[], 0, true]);
  });
});

describe("a step that comes late, when the id is another board's already,", () => {
  test("takes nothing of the new board", async () => {
    await make();
    const rev = await remove();
    await look();
    await makeAgain();
    const version = String(Number(await redis.get(clockKey(eu))) + 1);
    const event = row("new", { updated_at: version, reached_at: version });
    expect(await writeRows(event)).toBe(1);
    await putEntry(eu, event);
    const late = { ...sides, clocks: new Map<string, number>(), plannedSeasons: [], onPage: async () => {} };
    for (const region of topology.regions) {
      expect(await purgeRegion(late, { id: BOARD, rev, region })).toBe(true);
      // As if it had stood still between two of its steps.
      await purgeRows(database, { id: BOARD, rev, region }, { ranking: BOARD, regions: topology.regions, after: "" });
      await expect(endRegion(sides, { id: BOARD, rev, region })).rejects.toThrow("other");
      await endDeletion(database, { id: BOARD, rev, region }, Number(version));
    }
    expect(await writeRows(row("also-new", { updated_at: version, reached_at: version }))).toBe(1);
    expect([await rowsOf(BOARD), await keysLeft()]).toEqual([["also-new", "new"], 3]);
    expect(await redis.hget(boardsKey(eu), BOARD)).toEndWith(" open");
  });
});

describe("while a board is being deleted", () => {
  test("an import or a repair writes no row of it, of any version", async () => {
    await make();
    await remove();
    await redis.set(fenceKey("NA"), "test 0 0 lost");
    await look();
    expect(await writeRows(row("ahead", { updated_at: "8999999999999999" }))).toBe(0);
    expect(await putEntry(eu, row("ahead"))).toBe(0);
  });

  test("a restore brings nothing of it back", async () => {
    await make();
    await remove();
    for (const shard of topology.shards) await redis.del(...entryKeys(shard, BOARD));
    await restore(sides);
    expect([await keysLeft(), await rowsOf(BOARD)]).toEqual([0, ["of-EU", "of-NA"]]);
    await look();
    await restore(sides);
    expect([await keysLeft(), await rowsOf(BOARD), await isFree()]).toEqual([0, [], true]);
  });
});

test("an import of a file from before the deletion needs new versions for its lines", async () => {
  await make();
  await remove();
  await look();
  await makeAgain();
  const time = new Date(VERSION / 1000).toISOString();
  const entry = { user_id: "eve", name: "Eve", region: "EU", score: 5, reached_at: time, updated_at: time };
  async function* lines() {
    const text = JSON.stringify(entry);
    yield { number: 1, text, bytes: text.length };
  }
  const options = {
    board: BOARD,
    format: "ndjson",
    onBad: (line: number, why: string) => expect([line, why]).toEqual([]),
  } as const;
  expect(await importBoard(sides, lines(), { ...options, overwrites: false })).toMatchObject({
    imported: 0,
    skipped: 1,
  });
  expect([await rowsOf(BOARD), await keysLeft()]).toEqual([[], 0]);
  expect(await importBoard(sides, lines(), { ...options, overwrites: true })).toMatchObject({ imported: 1 });
  expect([await rowsOf(BOARD), await keysLeft()]).toEqual([["eve"], 2]);
});

test("a deletion that no shard knows of yet is told to all", async () => {
  await make();
  await put({ state: "deleting" });
  await look();
  expect([await rowsOf(BOARD), await keysLeft(), await isFree()]).toEqual([[], 0, true]);
  for (const shard of topology.shards) expect(await redis.hget(boardsKey(shard), BOARD)).toEndWith(" deleting");
});

test("a shard gives out newer versions than any other shard of its region had, and PostgreSQL knows", async () => {
  await it.clear();
  const halves = createTopology(["EU"], 2, ["main"]);
  await openFences(redis, halves);
  const [first, second] = halves.shards as [Shard, Shard];
  await put({ state: "open" });
  await redis.set(clockKey(first), String(VERSION + 1_000));
  await redis.set(clockKey(second), String(VERSION));
  await put({ state: "deleting" });
  await look({ ...sides, topology: halves });
  expect(await isFree()).toBe(true);
  expect(Number(await redis.get(clockKey(second)))).toBeGreaterThanOrEqual(VERSION + 1_000);
  // A copy of Redis from before has a lower clock, and is restored before it is written.
  for (const { tag } of halves.shards) {
    await database.run((sql) => sql`INSERT INTO guarded_stores VALUES (${tag}, 'origin', 'run')`);
    expect((await readGuarded(database, tag))?.newest).toBeGreaterThanOrEqual(VERSION + 1_000);
  }
  expect(await readEntriesOf(database, BOARD, ["ann"])).toEqual([]);
});
