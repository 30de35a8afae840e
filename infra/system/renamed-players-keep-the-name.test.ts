import { beforeEach, expect, test } from "bun:test";
import { parseVisibility } from "shared/model/visibility";
import { visibilityKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { keepDoing } from "testing/keep-doing";
import { flushAll } from "testing/whole-store";
import { restore } from "../../drainer/src/restore/restore.ts";
import { importBoard } from "../../drainer/src/transfer/import-board.ts";
import { readLines } from "../../drainer/src/transfer/read-lines.ts";
import { createBoards } from "../../ranker/src/boards/boards.ts";
import { configuredDefinitions } from "../../ranker/src/definitions/definitions.ts";
import { createRenamePlayer } from "../../ranker/src/players/rename-player.ts";
import { createSetVisibility } from "../../ranker/src/players/set-visibility.ts";
import { exportText, startBothStores } from "./test/both-stores-under-test.ts";

const under = await forFile(startBothStores());
const { topology, stores } = under.sides;
const acts = { ...under.sides, fences: under.fences };
const [renamePlayer, setVisibility] = [createRenamePlayer(acts), createSetVisibility(acts)];
const player = (userId: string) => ({ userId, name: `Name of ${userId}`, region: under.regionOf(userId) });
const rename = (userId: string, name: string) => renamePlayer(player(userId), name);
beforeEach(() => under.clear());

const names = async () => {
  const { entries } = await createBoards(topology, stores.of, configuredDefinitions(topology)).top(
    "GLOBAL",
    "main",
    1_000,
  );
  return Object.fromEntries(entries.map(({ user_id, name }) => [user_id, name]));
};
const inSql = async () => {
  const rows = await under.sides.databases.home.run(
    (sql) => sql<{ user_id: string; name: string }[]>`SELECT user_id, name FROM leaderboard WHERE board = 'main'`,
  );
  return Object.fromEntries(rows.map(({ user_id, name }) => [user_id, name]));
};

test("a given name is in both stores, which agree, and a restored Redis keeps it for later writes", async () => {
  for (const id of ["p0", "p1"]) await under.set(id, 5);
  await under.drain();
  await rename("p0", 'Player "7"/8');
  expect(await under.sweep(false)).toEqual([]); // the change waits in the queue
  await under.drain();
  expect(await under.sweep(false)).toEqual([]);
  const given = { p0: 'Player "7"/8', p1: "Name of p1" };
  expect([await names(), await inSql()]).toEqual([given, given]);
  await flushAll(stores.home);
  await restore(under.sides);
  expect([await names(), await under.sweep(false)]).toEqual([given, []]);
  await under.set("p0", 9);
  await under.drain();
  expect([await names(), await inSql()]).toEqual([given, given]);
});

test("reconcile repairs a given name that one store has lost", async () => {
  await under.set("p0", 5);
  await rename("p0", "Player 7");
  await under.drain();
  const [shard] = topology.shards;
  const key = visibilityKey(shard ?? { region: "EU", partition: 0, tag: "EU" });
  const text = (await stores.home.hget(key, "p0")) ?? "";
  await stores.home.hset(key, "p0", text.replace(" Player 7", ""));
  const drifts = await under.sweep(false);
  expect(drifts).toMatchObject([{ user_id: "p0", kind: "row_differs" }]);
  await stores.home.hdel(key, "p0");
  await under.sweep(true);
  expect(parseVisibility((await stores.home.hget(key, "p0")) ?? "")).toMatchObject({ name: "Player 7" });
});

test("a visibility of an earlier release is read, restored and compared as before", async () => {
  await under.set("p0", 5);
  await setVisibility(player("p0"), { hidden: true });
  await under.drain();
  await under.sides.databases.home.run((sql) => sql`UPDATE visibility SET name = NULL`);
  expect(await under.sweep(false)).toEqual([]);
  await flushAll(stores.home);
  await restore(under.sides);
  expect(await names()).toEqual({});
  expect(await stores.home.hget("visibility:{EU}", "p0")).toMatch(/^\d+ hidden$/);
});

test.each([false, true])("an import gives no old name back, with overwrites %p", async (overwrites) => {
  await under.set("p0", 5);
  await under.drain();
  const file = await exportText(under);
  await rename("p0", "Player 7");
  await under.drain();
  const options = { board: "main", format: "csv", overwrites, onBad: () => {} } as const;
  await importBoard(under.sides, readLines(new Blob([file]).stream()), options);
  expect([await names(), await inSql(), await under.sweep(false)]).toEqual([
    { p0: "Player 7" },
    { p0: "Player 7" },
    [],
  ]);
});

test("renames beside writes, a drainer and reconcile end with the last name everywhere", async () => {
  const ids = Array.from({ length: 20 }, (_, n) => `p${n}`);
  for (const id of ids) await under.set(id, 0);
  const last: Record<string, string> = {};
  {
    let writes = 0;
    await using _draining = keepDoing(() => under.drainOnce());
    await using _repairing = keepDoing(() => under.sweep(true));
    await using _writing = keepDoing(async () => under.set(ids[writes++ % ids.length] ?? "", writes));
    for (let n = 0; n < 100; n++) {
      const id = ids[n % ids.length] ?? "";
      last[id] = `Player ${n}`;
      await rename(id, `Player ${n}`);
    }
  }
  await under.drain();
  expect([await names(), await inSql(), await under.sweep(false)]).toEqual([last, last, []]);
});
