import { beforeEach, expect, test } from "bun:test";
import { forFile } from "testing/for-file";
import { keepDoing } from "testing/keep-doing";
import { flushAll } from "testing/whole-store";
import { restore } from "../../drainer/src/restore/restore.ts";
import { createErasePlayer } from "../../ranker/src/players/erase-player.ts";
import { startBothStores } from "./test/both-stores-under-test.ts";

const under = await forFile(startBothStores());
const erase = createErasePlayer({ ...under.sides, fences: under.fences });
beforeEach(() => under.clear());

const rows = async () => {
  const found = await under.sides.databases.home.run((sql) => sql`SELECT user_id FROM leaderboard ORDER BY user_id`);
  return found.map(({ user_id }) => user_id);
};
const ranked = async () => {
  const boards = ["leaderboard:{EU}", "leaderboard:{NA}"];
  const members = await Promise.all(boards.map((board) => under.sides.stores.home.zrange(board, 0, "-1")));
  return members.flatMap((each) => each.map((member) => member.slice(16))).sort();
};

test("neither restore nor reconcile brings an erased player back, before the erasure is drained or after", async () => {
  for (const id of ["p0", "p1", "p2"]) await under.set(id, 5);
  await under.drain();
  await erase("p0");
  for (let time = 1; time <= 2; time++) {
    await restore(under.sides);
    expect(await under.sweep(true)).toEqual([]);
    expect(await ranked()).toEqual(["p1", "p2"]);
    await under.drain();
    expect(await rows()).toEqual(["p1", "p2"]);
  }
  await flushAll(under.sides.stores.home);
  await restore(under.sides);
  expect(await ranked()).toEqual(["p1", "p2"]);
});

test("players erased beside restore, reconcile and a drainer end erased, and those who play again are complete", async () => {
  const ids = Array.from({ length: 120 }, (_, i) => `p${i}`);
  for (const id of ids) await under.set(id, 5);
  await under.drain();
  {
    await using _draining = keepDoing(() => under.drainOnce());
    await using _restoring = keepDoing(() => restore(under.sides));
    await using _repairing = keepDoing(() => under.sweep(true));
    for (const id of ids) await erase(id);
    for (const id of ids.slice(0, 10)) await under.set(id, 7);
  }
  await under.drain();
  const back = ids.slice(0, 10).sort();
  expect([await rows(), await ranked()]).toEqual([back, back]);
  expect(await under.sweep(false)).toEqual([]);
}, 60_000);
