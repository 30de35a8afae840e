import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { cp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { boardKey, entriesKey, queueKey } from "shared/keys";
import { parseRecord } from "shared/records";
import { awaitReady } from "shared/redis";
import { shardOf } from "shared/regions";
import { restore } from "../drainer/src/restore.ts";
import { type BothStores, keepDoing, startBothStores } from "./both-stores-under-test.ts";
import { startRedis } from "./embedded/redis.ts";

let it: BothStores;
const cleanups: (() => Promise<void>)[] = [];
beforeAll(async () => {
  it = await startBothStores();
}, 60_000);
afterAll(async () => {
  await it.close();
  for (const cleanup of cleanups) await cleanup();
}, 30_000);
beforeEach(async () => {
  await it.sides.stores.home.flushall();
  await it.sides.databases.home.run((sql) => sql`TRUNCATE leaderboard, accounts, erasures, visibility`);
});

const ids = (count: number) => Array.from({ length: count }, (_, n) => `player-${n}`);
const scoreOf = async (userId: string) => {
  const shard = shardOf(it.sides.topology, it.regionOf(userId), userId);
  return Number(parseRecord((await it.sides.stores.home.hget(entriesKey(shard, "main"), userId)) ?? "").score);
};
const scoresOf = (players: readonly string[]) => Promise.all(players.map(scoreOf));

test("beside live writes and a drainer nothing newer is overwritten: all end with the newest of both", async () => {
  const players = ids(2_000);
  const newest = new Map(players.map((userId, n) => [userId, n]));
  for (const [userId, score] of newest) await it.set(userId, score);
  await it.drain();
  await it.sides.stores.home.flushall();

  let live = 0;
  const inUse = new Set<string>();
  await using writer = keepDoing(async () => {
    const userId = players[Math.floor(Math.random() * players.length)] ?? "";
    if (inUse.has(userId)) return;
    inUse.add(userId); // one write of a player at a time, so that we know which was the last
    const score = 1_000_000 + live++;
    await it.set(userId, score);
    newest.set(userId, score);
    inUse.delete(userId);
  }, 8);
  await using drainer = keepDoing(it.drainOnce);
  // Over and over, so that rows which the drainer has just written come back while their players play on.
  for (let round = 0; round < 5; round++) await restore(it.sides);
  await writer.stop();
  await drainer.stop();
  await it.drain();

  expect(live).toBeGreaterThan(100);
  expect(await scoresOf(players)).toEqual([...newest.values()]);
  expect(await it.sweep(false)).toEqual([]);
  const members = await it.sides.stores.home.zcard(boardKey(shardOf(it.sides.topology, "EU", "any"), "main"));
  expect(members).toBe(players.length / 2);
}, 60_000);

test("an old copy of Redis put back over newer rows: new writes arrive, and a restore brings the others up to date", async () => {
  const { redisServer, sides } = it;
  const [dir, copy] = [join(redisServer.dir, "appendonlydir"), join(redisServer.dir, "copy")];
  const players = ids(60);
  const isNew = (n: number) => n >= 40;
  for (const [n, userId] of players.entries()) if (!isNew(n)) await it.set(userId, n);
  await it.drain();
  await it.set("player-1", 77); // in the copy this one waits for PostgreSQL: it will be sent a second time
  await cp(dir, copy, { recursive: true });
  // What the copy does not know: scores changed, scores changed twice, players who came.
  for (const [n, userId] of players.entries()) if (n % 3 === 0 || isNew(n)) await it.set(userId, 1_000 + n);
  await it.set("player-3", 2_000);
  await it.drain();

  await redisServer.kill();
  await rm(dir, { recursive: true });
  await rename(copy, dir);
  const again = await startRedis({ port: redisServer.port, dir: redisServer.dir });
  cleanups.push(() => again.kill());
  await Promise.all(sides.stores.all.map((redis) => awaitReady(redis, 5_000)));
  expect(await scoresOf(["player-0", "player-3", "player-45"])).toEqual([0, 3, 0]);
  expect(await sides.stores.home.llen(queueKey(shardOf(sides.topology, "NA", "any")))).toBe(1);

  await using drainer = keepDoing(it.drainOnce);
  await it.set("player-3", 5); // one that PostgreSQL knows better than Redis
  await it.set("player-4", 6);
  await it.set("player-45", 7); // one that Redis does not know
  await restore(sides);
  await it.set("player-6", 8); // one that the restore has brought back
  await drainer.stop();
  await it.drain();

  const written = new Map([
    ["player-1", 77],
    ["player-3", 5],
    ["player-4", 6],
    ["player-45", 7],
    ["player-6", 8],
  ]);
  const expected = players.map((userId, n) => written.get(userId) ?? (n % 3 === 0 || isNew(n) ? 1_000 + n : n));
  expect(await scoresOf(players)).toEqual(expected);
  expect(await it.sweep(false)).toEqual([]);
}, 60_000);
