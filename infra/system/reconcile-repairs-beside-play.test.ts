import { expect, test } from "bun:test";
import { ARRIVAL_DIGITS } from "shared/base/times";
import { type EntryRecord, formatRecord, parseRecord } from "shared/entries/records";
import { shardOf } from "shared/model/regions";
import type { Sql } from "shared/postgres/connect-postgres";
import { boardKey, entriesKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { keepDoing } from "testing/keep-doing";
import { startBothStores } from "./test/both-stores-under-test.ts";

const under = await forFile(startBothStores());

const shardOfPlayer = (userId: string) => shardOf(under.sides.topology, under.regionOf(userId), userId);
const redis = under.sides.stores.home;
const records = (userId: string) => entriesKey(shardOfPlayer(userId), "main");
const recordOf = async (userId: string) => parseRecord((await redis.hget(records(userId), userId)) ?? "");
const memberOf = async (userId: string) => `${(await recordOf(userId)).place}${userId}`;
const rewrite = async (userId: string, change: Partial<EntryRecord>) => {
  const rescored = change.score === undefined ? {} : { rankedScore: change.score };
  return redis.hset(records(userId), userId, formatRecord({ ...(await recordOf(userId)), ...change, ...rescored }));
};
const sql = <T>(work: (sql: Sql) => Promise<T>) => under.sides.databases.home.run(work);
/** Changes the row of a player. */
const update = (id: string, change: string) =>
  sql((s) => s`UPDATE leaderboard SET ${s.unsafe(change)} WHERE user_id = ${id}`);
const addSecondMember = (id: string) => redis.zadd(board(id), -1, `${"1".repeat(ARRIVAL_DIGITS)}${id}`);
const board = (userId: string) => boardKey(shardOfPlayer(userId), "main");

/** Edits by hand. After the repair the score is the old one, or `after` where given. */
const edits: [name: string, edit: (userId: string) => Promise<unknown>, after?: number][] = [
  ["row deleted", (id) => sql((s) => s`DELETE FROM leaderboard WHERE user_id = ${id}`)],
  ["row's score", (id) => update(id, "score = -1")],
  ["row's name", (id) => update(id, "name = 'X'")],
  ["row's arrival", (id) => update(id, "reached_at = 'epoch'")],
  ["row set back", (id) => update(id, "score = -1, updated_at = 'epoch'")],
  ["row made newer", (id) => update(id, "score = 55, updated_at = updated_at + interval '1 microsecond'"), 55],
  ["ranking's score", async (id) => redis.zadd(board(id), -1, await memberOf(id))],
  ["member removed", async (id) => redis.zrem(board(id), await memberOf(id))],
  ["second member", addSecondMember],
  ["record removed", (id) => redis.hdel(records(id), id)],
  ["record's arrival", (id) => rewrite(id, { place: "soon" })],
  ["record's score", (id) => rewrite(id, { score: "-1" })],
  ["record's version", (id) => rewrite(id, { updatedAt: "1" })],
  [
    "all of Redis removed",
    async (id) => {
      await redis.zrem(board(id), await memberOf(id));
      await redis.hdel(records(id), id);
    },
  ],
];

test("reconcile finds and repairs every kind of edit beside play and a drainer", async () => {
  const players = Array.from({ length: 3_000 }, (_, n) => `player-${n}`);
  const newest = new Map(players.map((userId, n) => [userId, n]));
  for (const [userId, score] of newest) await under.set(userId, score);
  await under.drain();

  // The first hundred are edited and do not play; the others do.
  const inUse = new Set<string>();
  let writes = 0;
  await using writer = keepDoing(async () => {
    const userId = players[100 + Math.floor(Math.random() * (players.length - 100))] ?? "";
    if (inUse.has(userId)) return;
    inUse.add(userId);
    const score = 10_000 + writes++;
    await under.set(userId, score);
    newest.set(userId, score);
    inUse.delete(userId);
  }, 4);
  await using drainer = keepDoing(under.drainOnce);

  const edited = edits.map(([, edit, after], n) => ({ userId: `player-${n}`, edit, score: after ?? n }));
  for (const { userId, edit } of edited) await edit(userId);
  const found = await under.sweep(false);
  expect(found.map(({ user_id }) => user_id).sort()).toEqual(edited.map(({ userId }) => userId).sort());
  const repaired = await under.sweep(true);
  expect(repaired.map(({ user_id, isRepaired }) => [user_id, isRepaired]).sort()).toEqual(
    edited.map(({ userId }): [string, boolean] => [userId, true]).sort(),
  );
  expect(await under.sweep(false)).toEqual([]); // with everything still moving
  await writer.stop();
  await drainer.stop();
  await under.drain();

  expect(writes).toBeGreaterThan(100);
  for (const { userId, score } of edited) newest.set(userId, score);
  const scores = await Promise.all(players.map(recordOf));
  expect(scores.map(({ score }) => Number(score))).toEqual([...newest.values()]);
  expect(await under.sweep(false)).toEqual([]);
}, 60_000);

test("repairs of players who play meanwhile lose no acknowledged write", async () => {
  const players = Array.from({ length: 40 }, (_, n) => `busy-${n}`);
  const newest = new Map<string, number>();
  let writes = 0;
  await using lanes = new AsyncDisposableStack();
  for (const userId of players) {
    const play = async () => {
      const score = ++writes;
      await under.set(userId, score);
      newest.set(userId, score);
    };
    lanes.use(keepDoing(play));
  }
  await using drainer = keepDoing(under.drainOnce);
  // Edits that a write of the player does not undo.
  for (let round = 0; round < 5; round++) {
    for (const [n, userId] of players.entries()) {
      await (n % 2 === 0 ? addSecondMember(userId) : update(userId, "score = -1"));
    }
    await under.sweep(true);
  }
  await lanes.disposeAsync();
  await drainer.stop();
  await under.drain();
  await under.sweep(true);
  expect(await under.sweep(false)).toEqual([]);
  const ranked = await Promise.all(players.map(async (userId) => redis.zscore(board(userId), await memberOf(userId))));
  expect(ranked.map(Number)).toEqual(players.map((userId) => newest.get(userId) ?? 0));
}, 60_000);
