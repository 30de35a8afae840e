import { beforeEach, describe, expect, test } from "bun:test";
import { parseRecord } from "shared/entries/records";
import { shardOf } from "shared/model/regions";
import type { Sql } from "shared/postgres/connect-postgres";
import { boardKey, entriesKey, hiddenKey, visibilityKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { keepDoing } from "testing/keep-doing";
import { flushAll } from "testing/whole-store";
import { restore } from "../../drainer/src/restore/restore.ts";
import { importBoard } from "../../drainer/src/transfer/import-board.ts";
import { readLines } from "../../drainer/src/transfer/read-lines.ts";
import { createBoards } from "../../ranker/src/boards/boards.ts";
import { configuredDefinitions } from "../../ranker/src/definitions/definitions.ts";
import { createErasePlayer } from "../../ranker/src/players/erase-player.ts";
import { createSetVisibility } from "../../ranker/src/players/set-visibility.ts";
import { exportText, startBothStores } from "./test/both-stores-under-test.ts";

const under = await forFile(startBothStores());
const { topology, stores } = under.sides;
const setVisibility = createSetVisibility({ ...under.sides, fences: under.fences });
const set = (userId: string, isHidden: boolean) =>
  setVisibility({ userId, name: `Name of ${userId}`, region: under.regionOf(userId) }, { hidden: isHidden });
const erase = createErasePlayer({ ...under.sides, fences: under.fences });
beforeEach(() => under.clear());

const redis = stores.home;
const empty = () => flushAll(redis);
const sql = <T>(work: (sql: Sql) => Promise<T>) => under.sides.databases.home.run(work);
const top = async () =>
  (await createBoards(topology, stores.of, configuredDefinitions(topology)).top("GLOBAL", "main", 1_000)).entries;
const idsOf = async () => (await top()).map(({ user_id }) => user_id);
async function inSql(): Promise<string[]> {
  const rows = await sql(
    (s) => s<{ user_id: string }[]>`
      SELECT user_id FROM visible_leaderboard WHERE board = 'main'
      ORDER BY score DESC, reached_at, user_id COLLATE "C" DESC`,
  );
  return rows.map(({ user_id }) => user_id);
}
const shardOfPlayer = (userId: string) => shardOf(topology, under.regionOf(userId), userId);

test("a restored Redis hides the same players, has the scores they wrote while hidden, and the same ties", async () => {
  for (let n = 0; n < 40; n++) await under.set(`p${(n * 7) % 40}`, n % 3);
  for (let n = 0; n < 40; n += 3) await set(`p${n}`, true);
  for (let n = 0; n < 40; n += 2) await under.set(`p${n}`, n % 4);
  for (let n = 0; n < 40; n += 9) await set(`p${n}`, false);
  await under.drain();
  const before = await top();
  expect(await inSql()).toEqual(before.map(({ user_id }) => user_id));
  await empty();
  expect(await restore(under.sides)).toMatchObject({ entries: 40 });
  expect(await top()).toEqual(before);
  expect(await under.sweep(false)).toEqual([]);
  for (let n = 0; n < 40; n += 3) await set(`p${n}`, false);
  await under.drain();
  expect((await idsOf()).length).toBe(40);
  expect(await idsOf()).toEqual(await inSql());
});

test("a restore hides players who wrote before it, and undoes no later change of visibility", async () => {
  for (const id of ["p0", "p1", "p2"]) await under.set(id, 5);
  for (const id of ["p0", "p1"]) await set(id, true);
  await under.drain();
  await empty();
  await under.set("p0", 7); // Redis does not know yet that p0 is hidden
  await set("p1", false);
  await restore(under.sides);
  expect(await idsOf()).toEqual(["p1", "p2"]);
  await under.drain();
  await restore(under.sides);
  for (const ids of [await idsOf(), await inSql()]) expect(ids).toEqual(["p1", "p2"]);
  expect(await under.sweep(false)).toEqual([]);
  await set("p0", false);
  expect(await top()).toMatchObject([{ user_id: "p0", score: 7 }, {}, {}]);
});

test("an id that was erased while hidden is visible when it is used again, also after restores and drains", async () => {
  await under.set("p0", 5);
  await set("p0", true);
  await under.drain();
  await erase("p0");
  await under.set("p0", 7); // another player of the same id
  for (let time = 1; time <= 2; time++) {
    await restore(under.sides);
    expect(await under.sweep(true)).toEqual([]);
    expect(await idsOf()).toEqual(["p0"]);
    await under.drain();
    expect(await inSql()).toEqual(["p0"]);
  }
  await empty();
  await restore(under.sides);
  expect(await idsOf()).toEqual(["p0"]);
});

test("players hidden and shown beside writes, a drainer, restore and reconcile end as the last change said", async () => {
  const ids = Array.from({ length: 60 }, (_, n) => `p${n}`);
  const [state, scores] = [new Map<string, boolean>(), new Map<string, number>()];
  for (const id of ids) await under.set(id, 0);
  let [writes, changes] = [0, 0];
  {
    await using _draining = keepDoing(() => under.drainOnce());
    await using _restoring = keepDoing(() => restore(under.sides));
    await using _repairing = keepDoing(() => under.sweep(true));
    await using _writing = keepDoing(async () => {
      const id = ids[writes++ % ids.length] ?? "";
      await under.set(id, writes);
      scores.set(id, writes);
    });
    while (changes < 300) {
      const id = ids[(changes * 7) % ids.length] ?? "";
      state.set(id, changes++ % 3 !== 0);
      await set(id, state.get(id) ?? false);
    }
  }
  await under.drain();
  expect(await under.sweep(false)).toEqual([]);
  const seen = ids.filter((id) => !state.get(id)).sort((a, b) => (scores.get(b) ?? 0) - (scores.get(a) ?? 0));
  expect(seen.length).toBeWithin(1, ids.length);
  expect(await idsOf()).toEqual(seen);
  expect(await inSql()).toEqual(seen);
  await empty();
  await restore(under.sides);
  expect(await idsOf()).toEqual(seen);
}, 60_000);

describe("reconcile", () => {
  const memberOf = async (id: string) =>
    parseRecord((await redis.hget(entriesKey(shardOfPlayer(id), "main"), id)) ?? "").place + id;
  const board = (id: string) => boardKey(shardOfPlayer(id), "main");
  const hidden = (id: string) => hiddenKey(shardOfPlayer(id), "main");
  const setInRedis = (text: string) => redis.hset(visibilityKey(shardOfPlayer("p0")), "p0", text);
  const addTo = (key: (id: string) => string, id: string, score: number, member?: string) => async () =>
    redis.zadd(key(id), score, member ?? (await memberOf(id)));
  const other = "1".repeat(16);

  /** Edits by hand of p0, who is hidden, and of p1, who is not. */
  const edits: [what: string, edit: () => Promise<unknown>, kinds: string[]][] = [
    [
      "the visibility in Redis removed",
      () => redis.hdel(visibilityKey(shardOfPlayer("p0")), "p0"),
      ["entry_missing", "entry_broken"],
    ],
    ["the visibility in Redis turned", () => setInRedis("1 visible"), ["entry_older", "entry_broken"]],
    ["a visibility in Redis that is not valid", () => setInRedis("perhaps"), ["entry_broken"]],
    ["a version of the future", () => setInRedis(`${2 ** 52} visible`), ["entry_broken"]],
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
    ["on the board although hidden", addTo(board, "p0", 5), ["entry_broken"]],
    [
      "on the board alone",
      async () => {
        await addTo(board, "p0", 5)();
        await redis.del(hidden("p0"));
      },
      ["entry_broken"],
    ],
    ["another score beside the board", addTo(hidden, "p0", 6), ["entry_broken"]],
    ["a second member beside it", addTo(hidden, "p0", 5, `${other}p0`), ["entry_broken"]],
    ["a second member on the board", addTo(board, "p0", 5, `${other}p0`), ["entry_broken"]],
    ["hidden although visible", addTo(hidden, "p1", 5), ["entry_broken"]],
    ["a hidden member without a record", addTo(hidden, "p0", 5, `${other}p9`), ["unrepairable"]],
  ];

  test.each(edits)("finds and repairs a difference by hand: %s", async (_, edit, kinds) => {
    for (const id of ["p0", "p1", "p2"]) await under.set(id, 5);
    await set("p0", true);
    await set("p1", true);
    await set("p1", false);
    await under.drain();
    expect(await under.sweep(false)).toEqual([]);
    await edit();
    const found = (await under.sweep(false)).map(({ kind }) => kind);
    expect([...new Set(found)]).toEqual(kinds as typeof found);
    const isRepairable = !kinds.includes("unrepairable");
    expect((await under.sweep(true)).every(({ isRepaired }) => isRepaired === isRepairable)).toBe(true);
    expect(await idsOf()).toEqual(["p1", "p2"]);
    expect(await inSql()).toEqual(["p1", "p2"]);
    if (!isRepairable) return;
    expect(await under.sweep(false)).toEqual([]);
    await set("p0", false);
    expect(await idsOf()).toEqual(["p0", "p1", "p2"]);
  });

  test("leaves a change alone that still waits for PostgreSQL", async () => {
    await under.set("p0", 5);
    await under.drain();
    await set("p0", true);
    expect(await under.sweep(true)).toEqual([]);
    expect(await idsOf()).toEqual([]);
  });
});

test("an export leaves hidden players out, and an import keeps them hidden", async () => {
  for (const id of ["p0", "p1", "p2"]) await under.set(id, 5);
  await under.drain();
  const whole = await exportText(under);
  await set("p0", true);
  await under.drain();
  expect(await exportText(under)).toBe(whole.replace(/p0,.*\n/, ""));
  for (const overwrites of [false, true]) {
    async function* chunks() {
      yield new TextEncoder().encode(whole);
    }
    const options = { board: "main", format: "csv", overwrites, onBad: () => {} } as const;
    expect(await importBoard(under.sides, readLines(chunks()), options)).toMatchObject({ imported: 3 });
    expect(await idsOf()).toEqual(["p1", "p2"]);
    expect(await under.sweep(false)).toEqual([]);
  }
});
