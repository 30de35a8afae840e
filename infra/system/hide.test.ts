import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { parseRecord } from "shared/model/records";
import { shardOf } from "shared/model/regions";
import { boardKey, entriesKey, hiddenKey, visibilityKey } from "shared/redis/keys";
import { flushAll } from "testing/whole-store";
import type { Sql } from "../../drainer/src/postgres/connect-postgres.ts";
import { restore } from "../../drainer/src/restore/restore.ts";
import { HEADER, toLines } from "../../drainer/src/transfer/board-file.ts";
import { exportBoard } from "../../drainer/src/transfer/export-board.ts";
import { importBoard } from "../../drainer/src/transfer/import-board.ts";
import { readLines } from "../../drainer/src/transfer/read-lines.ts";
import { createBoards } from "../../ranker/src/boards/boards.ts";
import { createErasePlayer } from "../../ranker/src/players/erase-player.ts";
import { createSetVisibility } from "../../ranker/src/players/set-visibility.ts";
import { type BothStores, keepDoing, startBothStores } from "./both-stores-under-test.ts";

let it: BothStores;
let set: (userId: string, isHidden: boolean) => Promise<number>;
let erase: (userId: string) => Promise<unknown>;
beforeAll(async () => {
  it = await startBothStores();
  const setVisibility = createSetVisibility({ ...it.sides, fences: it.fences });
  set = (userId, isHidden) =>
    setVisibility({ userId, name: `Name of ${userId}`, region: it.regionOf(userId) }, isHidden);
  erase = createErasePlayer({ ...it.sides, fences: it.fences });
}, 60_000);
afterAll(() => it.close(), 30_000);
beforeEach(async () => {
  await empty();
  await sql((s) => s`TRUNCATE leaderboard, accounts, erasures, visibility`);
});

const redis = () => it.sides.stores.home;
const empty = () => flushAll(redis());
const sql = <T>(work: (sql: Sql) => Promise<T>) => it.sides.databases.home.run(work);
const top = async (board = "main") =>
  (await createBoards(it.sides.topology, it.sides.stores.of).top("GLOBAL", board, 1_000)).entries;
const idsOf = async (board = "main") => (await top(board)).map(({ user_id }) => user_id);
const inSql = async (board = "main") =>
  (
    await sql(
      (s) => s`
        SELECT user_id FROM visible_leaderboard WHERE board = ${board}
        ORDER BY score DESC, reached_at, user_id COLLATE "C" DESC`,
    )
  ).map(({ user_id }) => user_id as string);
const shardOfPlayer = (userId: string) => shardOf(it.sides.topology, it.regionOf(userId), userId);

test("a Redis that was emptied comes back with the same players hidden, their scores of while they were, and the same ties", async () => {
  for (let n = 0; n < 40; n++) await it.set(`p${(n * 7) % 40}`, n % 3);
  for (let n = 0; n < 40; n += 3) await set(`p${n}`, true);
  for (let n = 0; n < 40; n += 2) await it.set(`p${n}`, n % 4);
  for (let n = 0; n < 40; n += 9) await set(`p${n}`, false);
  await it.drain();
  const before = await top();
  expect(await inSql()).toEqual(before.map(({ user_id }) => user_id));
  await empty();
  expect(await restore(it.sides)).toMatchObject({ entries: 40 });
  expect(await top()).toEqual(before);
  expect(await it.sweep(false)).toEqual([]);
  for (let n = 0; n < 40; n += 3) await set(`p${n}`, false);
  await it.drain();
  expect((await idsOf()).length).toBe(40);
  expect(await idsOf()).toEqual(await inSql());
});

test("a restore takes off whoever wrote before it came, and takes back nothing that was said since", async () => {
  for (const id of ["p0", "p1", "p2"]) await it.set(id, 5);
  for (const id of ["p0", "p1"]) await set(id, true);
  await it.drain();
  await empty();
  await it.set("p0", 7); // nobody knows yet
  await set("p1", false);
  await restore(it.sides);
  expect(await idsOf()).toEqual(["p1", "p2"]);
  await it.drain();
  await restore(it.sides);
  expect([await idsOf(), await inSql()]).toEqual([
    ["p1", "p2"],
    ["p1", "p2"],
  ]);
  expect(await it.sweep(false)).toEqual([]);
  await set("p0", false);
  expect(await top()).toMatchObject([{ user_id: "p0", score: 7 }, {}, {}]);
});

test("whoever is erased while hidden is hidden no more when the id comes back, whatever is restored, drained or repeated", async () => {
  await it.set("p0", 5);
  await set("p0", true);
  await it.drain();
  await erase("p0");
  await it.set("p0", 7); // somebody else by now
  for (let time = 1; time <= 2; time++) {
    await restore(it.sides);
    expect(await it.sweep(true)).toEqual([]);
    expect(await idsOf()).toEqual(["p0"]);
    await it.drain();
    expect(await inSql()).toEqual(["p0"]);
  }
  await empty();
  await restore(it.sides);
  expect(await idsOf()).toEqual(["p0"]);
});

test("players who are hidden and shown while they write, and all else is at work, end as they were last told", async () => {
  const ids = Array.from({ length: 60 }, (_, n) => `p${n}`);
  const [state, scores] = [new Map<string, boolean>(), new Map<string, number>()];
  for (const id of ids) await it.set(id, 0);
  let [writes, changes] = [0, 0];
  {
    await using _draining = keepDoing(() => it.drainOnce());
    await using _restoring = keepDoing(() => restore(it.sides));
    await using _repairing = keepDoing(() => it.sweep(true));
    await using _writing = keepDoing(async () => {
      const id = ids[writes++ % ids.length] ?? "";
      await it.set(id, writes);
      scores.set(id, writes);
    });
    while (changes < 300) {
      const id = ids[(changes * 7) % ids.length] ?? "";
      state.set(id, changes++ % 3 !== 0);
      await set(id, state.get(id) ?? false);
    }
  }
  await it.drain();
  expect(await it.sweep(false)).toEqual([]);
  const seen = ids.filter((id) => !state.get(id)).sort((a, b) => (scores.get(b) ?? 0) - (scores.get(a) ?? 0));
  expect(seen.length).toBeWithin(1, ids.length);
  expect(await idsOf()).toEqual(seen);
  expect(await inSql()).toEqual(seen);
  await empty();
  await restore(it.sides);
  expect(await idsOf()).toEqual(seen);
}, 60_000);

describe("reconcile", () => {
  const memberOf = async (id: string) =>
    parseRecord((await redis().hget(entriesKey(shardOfPlayer(id), "main"), id)) ?? "").arrival + id;
  const [board, hidden] = [boardKey, hiddenKey].map((key) => (id: string) => key(shardOfPlayer(id), "main"));
  if (board === undefined || hidden === undefined) throw new Error("no keys");
  const visibility = (id: string) => visibilityKey(shardOfPlayer(id));

  /** Edits by hand of p0, who is hidden, and of p1, who is not. */
  const edits: [what: string, edit: () => Promise<unknown>, kinds: string[]][] = [
    ["what Redis says of it removed", () => redis().hdel(visibility("p0"), "p0"), ["entry_missing", "entry_broken"]],
    ["its opposite", () => redis().hset(visibility("p0"), "p0", "1 visible"), ["entry_older", "entry_broken"]],
    ["no word of it", () => redis().hset(visibility("p0"), "p0", "perhaps"), ["entry_broken"]],
    ["a version of the future", () => redis().hset(visibility("p0"), "p0", `${2 ** 52} visible`), ["entry_broken"]],
    ["the row deleted", () => sql((s) => s`DELETE FROM visibility WHERE user_id = 'p0'`), ["row_missing"]],
    [
      "the row turned",
      () => sql((s) => s`UPDATE visibility SET hidden = NOT hidden WHERE user_id = 'p0'`),
      ["row_differs"],
    ],
    [
      "the row set back",
      () => sql((s) => s`UPDATE visibility SET hidden = false, changed_at = 'epoch' WHERE user_id = 'p0'`),
      ["row_older"],
    ],
    ["on the board although hidden", async () => redis().zadd(board("p0"), 5, await memberOf("p0")), ["entry_broken"]],
    [
      "on the board alone",
      async () => {
        await redis().zadd(board("p0"), 5, await memberOf("p0"));
        await redis().del(hidden("p0"));
      },
      ["entry_broken"],
    ],
    [
      "another score beside the board",
      async () => redis().zadd(hidden("p0"), 6, await memberOf("p0")),
      ["entry_broken"],
    ],
    ["a second member beside it", () => redis().zadd(hidden("p0"), 5, `${"1".repeat(16)}p0`), ["entry_broken"]],
    ["a second member on the board", () => redis().zadd(board("p0"), 5, `${"1".repeat(16)}p0`), ["entry_broken"]],
    ["hidden although not", async () => redis().zadd(hidden("p1"), 5, await memberOf("p1")), ["entry_broken"]],
    ["nobody's member beside the board", () => redis().zadd(hidden("p0"), 5, `${"1".repeat(16)}p9`), ["unrepairable"]],
  ];

  test.each(edits)("finds and repairs: %s", async (_, edit, kinds) => {
    for (const id of ["p0", "p1", "p2"]) await it.set(id, 5);
    await set("p0", true);
    await set("p1", true);
    await set("p1", false);
    await it.drain();
    expect(await it.sweep(false)).toEqual([]);
    await edit();
    const found = (await it.sweep(false)).map(({ kind }) => kind);
    expect([...new Set(found)]).toEqual(kinds as typeof found);
    const isRepairable = !kinds.includes("unrepairable");
    expect((await it.sweep(true)).every(({ isRepaired }) => isRepaired === isRepairable)).toBe(true);
    expect(await idsOf()).toEqual(["p1", "p2"]);
    expect(await inSql()).toEqual(["p1", "p2"]);
    if (!isRepairable) return;
    expect(await it.sweep(false)).toEqual([]);
    await set("p0", false);
    expect(await idsOf()).toEqual(["p0", "p1", "p2"]);
  });

  test("repairs nothing that still waits for PostgreSQL", async () => {
    await it.set("p0", 5);
    await it.drain();
    await set("p0", true);
    expect(await it.sweep(true)).toEqual([]);
    expect(await idsOf()).toEqual([]);
  });
});

test("an export is the board as it is shown; an import of it moves nobody who is hidden back onto it", async () => {
  for (const id of ["p0", "p1", "p2"]) await it.set(id, 5);
  await it.drain();
  const exported = async () => {
    let text = HEADER.csv;
    const options = { board: "main", regions: it.sides.topology.regions, waitMs: 5_000 };
    for await (const page of exportBoard(it.sides, options)) text += toLines("csv", page);
    return text;
  };
  const whole = await exported();
  await set("p0", true);
  await it.drain();
  expect(await exported()).toBe(whole.replace(/p0,.*\n/, ""));
  for (const overwrites of [false, true]) {
    async function* chunks() {
      yield new TextEncoder().encode(whole);
    }
    const options = { board: "main", format: "csv", overwrites, onBad: () => {} } as const;
    expect(await importBoard(it.sides, readLines(chunks()), options)).toMatchObject({ imported: 3 });
    expect(await idsOf()).toEqual(["p1", "p2"]);
    expect(await it.sweep(false)).toEqual([]);
  }
});
