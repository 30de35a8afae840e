import { beforeEach, describe, expect, test } from "bun:test";
import { configuredBoard } from "shared/model/board";
import { queueKey, removedKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { flushAll } from "testing/whole-store";
import { restore } from "../../drainer/src/restore/restore.ts";
import { createBoards } from "../../ranker/src/boards/boards.ts";
import { configuredDefinitions } from "../../ranker/src/definitions/definitions.ts";
import { type ChangeEntry, createChangeEntry, type EntryChange } from "../../ranker/src/players/change-entry.ts";
import { createErasePlayer } from "../../ranker/src/players/erase-player.ts";
import { createSetVisibility } from "../../ranker/src/players/set-visibility.ts";
import { createRunningSeasons } from "../../ranker/src/seasons/running-seasons.ts";
import { startBothStores } from "./test/both-stores-under-test.ts";

const under = await forFile(startBothStores());
const { topology, stores, databases } = under.sides;
const definitions = configuredDefinitions(topology);
const acts = { ...under.sides, fences: under.fences };
const seasons = createRunningSeasons({ topology, redisOf: stores.of });
const change: ChangeEntry = createChangeEntry({ ...acts, definitions, seasons, archive: undefined });
const [setVisibility, erasePlayer] = [createSetVisibility(acts), createErasePlayer(acts)];
const boards = createBoards(topology, stores.of, definitions);
const player = (userId: string) => ({ userId, name: `Name of ${userId}`, region: under.regionOf(userId) });
const edit = (userId: string, fields: object, board = "main") =>
  change({ userId, board }, { act: "edit", ...fields } as EntryChange);
const remove = (userId: string, board = "main") => change({ userId, board }, { act: "remove" });
const codeOf = (call: Promise<unknown>) => call.then(() => "done").catch(({ code }) => code);
const EU = { region: "EU", partition: 0, tag: "EU" };
beforeEach(() => under.clear());

const inRedis = async (board = "main") => {
  const { entries } = await boards.top("GLOBAL", board, 1_000);
  return Object.fromEntries(entries.map(({ user_id, name, score }) => [user_id, [name, score]]));
};
const inSql = async (board = "main") => {
  const rows = await databases.home.run(
    (sql) => sql<{ user_id: string; name: string; score: string }[]>`
      SELECT user_id, name, score FROM visible_leaderboard WHERE board = ${board}`,
  );
  return Object.fromEntries(rows.map(({ user_id, name, score }) => [user_id, [name, Number(score)]]));
};
/** Both stores, which have to agree. */
async function drained(board = "main") {
  await under.drain();
  expect(await under.sweep(false)).toEqual([]);
  const found = await inRedis(board);
  expect(await inSql(board)).toEqual(found);
  return found;
}
const P1 = { p1: ["Name of p1", 5] };

describe("an entry that is removed", () => {
  test("is gone from both stores, on that board alone, and a repeat changes nothing", async () => {
    for (const id of ["p0", "p1"]) await under.set(id, 5);
    await under.submit(player("p0"), { operation: "set", board: "weekly", value: 3 });
    expect(await remove("p0")).toBe(0);
    expect(await inRedis()).toEqual(P1);
    expect(await under.sweep(false)).toEqual([]); // the removal waits in the queue
    expect(await drained()).toEqual(P1);
    const clock = await stores.home.get("clock:{EU}");
    expect(await remove("p0")).toBe(0);
    expect([await stores.home.get("clock:{EU}"), await stores.home.llen(queueKey(EU))]).toEqual([clock as string, 0]);
    expect(await drained("weekly")).toEqual({ p0: ["Name of p0", 3] });
  });

  test("is not_ranked where there was none", async () => {
    await under.set("p0", 5);
    for (const call of [() => remove("p1"), () => remove("p0", "weekly"), () => edit("p1", { name: "x" })]) {
      expect(await codeOf(call())).toBe("not_ranked");
    }
    await remove("p0");
    expect(await codeOf(edit("p0", { name: "x" }))).toBe("not_ranked");
    expect(await codeOf(remove("p0", "nowhere"))).toBe("board_not_found");
    expect(await codeOf(change({ userId: "p0", board: "main", season: 1 }, { act: "remove" }))).toBe("invalid_request");
  });

  test("comes back with the next write, as a new one, and is removed again", async () => {
    await under.set("p0", 5);
    await remove("p0");
    await under.submit(player("p0"), { operation: "add", board: "main", value: 2 });
    expect(await drained()).toEqual({ p0: ["Name of p0", 2] });
    await remove("p0");
    expect(await drained()).toEqual({});
    await under.set("p0", 4);
    expect(await drained()).toEqual({ p0: ["Name of p0", 4] });
  });

  test("stays away though its events are drained once more, die and are retried, and both stores are restored", async () => {
    for (const id of ["p0", "p2"]) await under.set(id, 5);
    const old = await stores.home.lrange(queueKey(EU), 0, -1);
    await remove("p0");
    const all = await stores.home.lrange(queueKey(EU), 0, -1);
    const P2 = { p2: ["Name of p2", 5] };
    expect(await drained()).toEqual(P2);
    for (const events of [all, old]) {
      await stores.home.rpush(queueKey(EU), ...events);
      expect(await drained()).toEqual(P2);
    }
    await restore(under.sides);
    expect(await drained()).toEqual(P2);
    await flushAll(stores.home);
    await restore(under.sides);
    expect(await drained()).toEqual(P2);
    expect(await stores.home.get(removedKey(EU, "main", "p0"))).toMatch(/^\d+ $/);
    // The shard's clock is behind no removal: a write after the restore is newer.
    await under.set("p0", 1);
    expect(await drained()).toEqual({ ...P2, p0: ["Name of p0", 1] });
  });

  test("is not put back by a restore while its removal waits, nor by a reconcile", async () => {
    await under.set("p0", 5);
    await under.drain();
    await remove("p0");
    await restore(under.sides);
    await under.sweep(true);
    expect(await inRedis()).toEqual({});
    expect(await drained()).toEqual({});
  });

  test("goes from an older copy of Redis by a restore, and by a reconcile", async () => {
    const keys = ["leaderboard:{EU}", "entries:{EU}", "clock:{EU}"];
    for (const mend of [() => restore(under.sides), () => under.sweep(true)]) {
      await under.clear();
      for (const id of ["p0", "p2"]) await under.set(id, 5);
      await under.drain();
      const copies = await Promise.all(keys.map((key) => stores.home.dumpBuffer(key)));
      await remove("p0");
      await under.drain();
      for (const [n, key] of keys.entries()) await stores.home.restore(key, 0, copies[n] ?? "", "REPLACE");
      await stores.home.del(removedKey(EU, "main", "p0"));
      expect(Object.keys(await inRedis())).toContain("p0");
      await mend();
      expect(await drained()).toEqual({ p2: ["Name of p2", 5] });
    }
  });

  test("of a hidden player goes, too, and the player stays hidden", async () => {
    await under.set("p0", 5);
    await under.submit(player("p0"), { operation: "set", board: "weekly", value: 3 });
    await setVisibility(player("p0"), { hidden: true });
    await remove("p0");
    await under.drain();
    await setVisibility(player("p0"), { hidden: false });
    expect([await drained(), await drained("weekly")]).toEqual([{}, { p0: ["Name of p0", 3] }]);
  });

  test("is no part of an erasure that comes later, nor in its way", async () => {
    await under.set("p0", 5);
    await remove("p0");
    expect(await erasePlayer("p0")).toEqual({ entries: 0, account: false });
    expect(await drained()).toEqual({});
    await under.set("p0", 7);
    expect(await drained()).toEqual({ p0: ["Name of p0", 7] });
  });
});

describe("an entry that is changed", () => {
  test("has the name in both stores, on that board alone, until the player writes again", async () => {
    for (const id of ["p0", "p1"]) await under.set(id, 5);
    await under.submit(player("p0"), { operation: "set", board: "weekly", value: 3 });
    for (const _ of ["first", "again"]) expect(await edit("p0", { name: 'Player "7"/8' })).toBe(0);
    expect(await drained()).toEqual({ p0: ['Player "7"/8', 5], ...P1 });
    expect(await drained("weekly")).toEqual({ p0: ["Name of p0", 3] });
    await flushAll(stores.home);
    await restore(under.sides);
    expect(await drained()).toEqual({ p0: ['Player "7"/8', 5], ...P1 });
    await under.set("p0", 6);
    expect(await drained()).toEqual({ p0: ["Name of p0", 6], ...P1 });
  });

  test("keeps its rank among ties, hidden or not", async () => {
    for (const id of ["p0", "p2", "p4"]) await under.set(id, 5);
    await setVisibility(player("p4"), { hidden: true });
    await edit("p0", { name: "First" });
    await edit("p4", { name: "Last" });
    await setVisibility(player("p4"), { hidden: false });
    await under.drain();
    const { entries } = await boards.top("EU", "main", 10);
    expect(entries.map(({ user_id, name }) => [user_id, name])).toEqual([
      ["p0", "First"],
      ["p2", "Name of p2"],
      ["p4", "Last"],
    ]);
    await drained();
  });

  test("takes no metadata where the board keeps none", async () => {
    await under.set("p0", 5);
    expect(configuredBoard("main").metadata_bytes_max).toBe(0);
    expect(await codeOf(edit("p0", { metadata: { a: 1 } }))).toBe("invalid_request");
    expect(await codeOf(edit("p0", { metadata: null }))).toBe("done");
  });
});
