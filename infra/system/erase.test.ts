import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { flushAll } from "testing/whole-store";
import { restore } from "../../drainer/src/restore/restore.ts";
import { createErasePlayer, type ErasePlayer } from "../../ranker/src/players/erase-player.ts";
import { type BothStores, keepDoing, startBothStores } from "./both-stores-under-test.ts";

let it: BothStores;
let erase: ErasePlayer;
beforeAll(async () => {
  it = await startBothStores();
  erase = createErasePlayer({ ...it.sides, fences: it.fences });
}, 60_000);
afterAll(() => it.close(), 30_000);
beforeEach(async () => {
  await flushAll(it.sides.stores.home);
  await it.sides.databases.home.run((sql) => sql`TRUNCATE leaderboard, accounts, erasures, visibility`);
});

const rows = async () =>
  (await it.sides.databases.home.run((sql) => sql`SELECT user_id FROM leaderboard ORDER BY user_id`)).map(
    (r) => r.user_id,
  );
const ranked = async () => {
  const redis = it.sides.stores.home;
  const members = [
    ...(await redis.zrange("leaderboard:{EU}", 0, "-1")),
    ...(await redis.zrange("leaderboard:{NA}", 0, "-1")),
  ];
  return members.map((member) => member.slice(16)).sort();
};

test("neither restore nor reconcile brings a player back, before the erasure is drained or after", async () => {
  for (const id of ["p0", "p1", "p2"]) await it.set(id, 5);
  await it.drain();
  await erase("p0");
  for (let time = 1; time <= 2; time++) {
    await restore(it.sides);
    expect(await it.sweep(true)).toEqual([]);
    expect(await ranked()).toEqual(["p1", "p2"]);
    await it.drain();
    expect(await rows()).toEqual(["p1", "p2"]);
  }
  await flushAll(it.sides.stores.home);
  await restore(it.sides);
  expect(await ranked()).toEqual(["p1", "p2"]);
});

test("whoever is erased while restore, reconcile and a drainer work at once ends erased, and who comes back is whole", async () => {
  const ids = Array.from({ length: 120 }, (_, i) => `p${i}`);
  for (const id of ids) await it.set(id, 5);
  await it.drain();
  {
    await using _draining = keepDoing(() => it.drainOnce());
    await using _restoring = keepDoing(() => restore(it.sides));
    await using _repairing = keepDoing(() => it.sweep(true));
    for (const id of ids) await erase(id);
    for (const id of ids.slice(0, 10)) await it.set(id, 7);
  }
  await it.drain();
  const back = ids.slice(0, 10).sort();
  expect([await rows(), await ranked()]).toEqual([back, back]);
  expect(await it.sweep(false)).toEqual([]);
}, 60_000);
