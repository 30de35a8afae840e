import { beforeEach, expect, test } from "bun:test";
import { cp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseRecord } from "shared/entries/records";
import { shardOf } from "shared/model/regions";
import { boardKey, entriesKey } from "shared/redis/keys";
import { awaitReady } from "shared/redis/redis";
import { startRedis } from "stack/redis";
import { forFile } from "testing/for-file";
import { keepDoing } from "testing/keep-doing";
import { flushAll } from "testing/whole-store";
import { restore } from "../../drainer/src/restore/restore.ts";
import { createErasePlayer } from "../../ranker/src/players/erase-player.ts";
import { type BothStores, startBothStores } from "./test/both-stores-under-test.ts";

const under = await forFile(startBothStores());
beforeEach(() => under.clear());

const ids = (count: number) => Array.from({ length: count }, (_, n) => `player-${n}`);
function scoresOf({ sides, regionOf }: BothStores, players: readonly string[]): Promise<number[]> {
  const recordOf = (userId: string) =>
    sides.stores.home.hget(entriesKey(shardOf(sides.topology, regionOf(userId), userId), "main"), userId);
  return Promise.all(players.map(async (userId) => Number(parseRecord((await recordOf(userId)) ?? "").score)));
}

test("restore beside live writes and a drainer overwrites nothing newer, and both stores end with the newest", async () => {
  const players = ids(2_000);
  const newest = new Map(players.map((userId, n) => [userId, n]));
  for (const [userId, score] of newest) await under.set(userId, score);
  await under.drain();
  await flushAll(under.sides.stores.home);

  let live = 0;
  const inUse = new Set<string>();
  await using writer = keepDoing(async () => {
    const userId = players[Math.floor(Math.random() * players.length)] ?? "";
    if (inUse.has(userId)) return;
    inUse.add(userId); // one write of a player at a time, so that we know which was the last
    const score = 1_000_000 + live++;
    await under.set(userId, score);
    newest.set(userId, score);
    inUse.delete(userId);
  }, 8);
  await using drainer = keepDoing(under.drainOnce);
  // Repeatedly, so that rows of a moment ago are restored while their players write on.
  for (let round = 0; round < 5; round++) await restore(under.sides);
  await writer.stop();
  await drainer.stop();
  await under.drain();

  expect(live).toBeGreaterThan(100);
  expect(await scoresOf(under, players)).toEqual([...newest.values()]);
  expect(await under.sweep(false)).toEqual([]);
  const members = await under.sides.stores.home.zcard(boardKey(shardOf(under.sides.topology, "EU", "any"), "main"));
  expect(members).toBe(players.length / 2);
}, 60_000);

test("an old copy of Redis takes no write until a drainer has restored what PostgreSQL has", async () => {
  await using closing = new AsyncDisposableStack();
  const own = await startBothStores(["EU", "NA"], { isGuarded: true });
  closing.defer(own.close);
  const { redisServer, sides } = own;
  const [dir, copy] = [join(redisServer.dir, "appendonlydir"), join(redisServer.dir, "copy")];
  const players = ids(60);
  const isNew = (n: number) => n >= 40;
  await own.drainOnce(); // opens the stores
  for (const [n, userId] of players.entries()) if (!isNew(n)) await own.set(userId, n);
  await own.drain();
  await own.set("player-1", 77); // waits in the copy's queue, and is drained a second time
  await cp(dir, copy, { recursive: true });
  // What the copy lacks: scores changed once and twice, new players, an erased one.
  for (const [n, userId] of players.entries()) if (n % 3 === 0 || isNew(n)) await own.set(userId, 1_000 + n);
  await own.set("player-3", 2_000);
  await createErasePlayer({ ...sides, fences: own.fences })("player-8");
  await own.drain();

  await redisServer.kill();
  await rm(dir, { recursive: true });
  await rename(copy, dir);
  const again = await startRedis({ port: redisServer.port, dir: redisServer.dir });
  closing.defer(() => again.kill());
  await Promise.all(sides.stores.all.map((redis) => awaitReady(redis, 5_000)));
  expect(await scoresOf(own, ["player-0", "player-3", "player-45"])).toEqual([0, 3, 0]);

  const later: [string, number][] = [
    ["player-3", 5], // one that PostgreSQL knows better than Redis
    ["player-4", 6],
    ["player-45", 7], // one that Redis does not know
  ];
  const refused = await Promise.all(
    later.map(([userId, value]) => {
      const identity = { userId, name: userId, region: own.regionOf(userId) };
      return own.submit(identity, { operation: "set", board: "main", value }).catch((error) => error.code);
    }),
  );
  expect(refused).toEqual(later.map(() => "unavailable"));
  await own.drain(); // finds the loss, restores and goes on
  for (const [userId, score] of later) await own.set(userId, score);
  await own.drain();

  const written = new Map([["player-1", 77], ...later]);
  const expected = players.map((userId, n) => written.get(userId) ?? (n % 3 === 0 || isNew(n) ? 1_000 + n : n));
  expected[3] = 5;
  expected[8] = 0; // erased: gone from the copy as well
  expect(await scoresOf(own, players)).toEqual(expected);
  expect(await own.sweep(false)).toEqual([]);
}, 60_000);
