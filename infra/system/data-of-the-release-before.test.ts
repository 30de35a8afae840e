import { beforeEach, expect, test } from "bun:test";
import { forFile } from "testing/for-file";
import { flushAll } from "testing/whole-store";
import { restore } from "../../drainer/src/restore/restore.ts";
import { createBoards } from "../../ranker/src/boards/boards.ts";
import { configuredDefinitions } from "../../ranker/src/definitions/definitions.ts";
import { startBothStores } from "./test/both-stores-under-test.ts";

const under = await forFile(startBothStores(["EU"]));
const { topology, stores, databases } = under.sides;
const { home } = stores;
const boards = createBoards(topology, stores.of, configuredDefinitions(topology));
const top = async () =>
  (await boards.top("EU", "main", 10)).entries.map(({ user_id, name, score }) => [user_id, name, score]);

const T = 1_760_000_000_000_000;
const arrivalOf = (n: number) => String(9_007_199_254_740_991 - (T + n));
const ENTRIES = [
  ["ada", "Ada L. 1", 50, 1],
  ["bob", "50 7 Bob", 50, 2],
  ["cy", "Cy", -3, 3],
  ["dan", "Dan", 0, 4],
] as const;
const event = (userId: string, name: string, score: number, n: number) =>
  `{"score":"${score}","reached_at":"${T + n}","updated_at":"${T + n}","board":"main","user_id":"${userId}","name":"${name}","region":"EU"}`;

/**
 * What the release before kept in Redis, in its own spelling; its last event waits for PostgreSQL.
 */
beforeEach(async () => {
  await under.clear();
  for (const [userId, name, score, n] of ENTRIES) {
    const key = userId === "dan" ? "hidden:{EU}" : "leaderboard:{EU}";
    await home.zadd(key, score, arrivalOf(n) + userId);
    await home.hset("entries:{EU}", userId, `${arrivalOf(n)} ${T + n} ${score} ${name}`);
    await home.lpush("queue:scores:{EU}", event(userId, name, score, n));
  }
  await home.hset("visibility:{EU}", "dan", `${T + 5} hidden`);
  await home.lpush("queue:scores:{EU}", `{"hidden":true,"updated_at":"${T + 5}","user_id":"dan","region":"EU"}`);
  await home.set("clock:{EU}", T + 5);
});
const shown = ENTRIES.filter(([userId]) => userId !== "dan").map(([userId, name, score]) => [userId, name, score]);

test("boards, queue and rows of the release before go on: read, drained, written, restored", async () => {
  expect(await top()).toEqual(shown);
  await under.drain();
  expect(await under.sweep(false)).toEqual([]);
  const { entry } = await under.submit(
    { userId: "cy", name: "Cy", region: "EU" },
    { operation: "add", board: "main", value: 53 },
  );
  expect(entry).toMatchObject({ rank: 3, score: 50, changed: true, previous: { score: -3, rank: 3 } });
  await under.drain();
  expect(await under.sweep(false)).toEqual([]);
  const before = await top();
  await flushAll(home);
  await restore({ topology, stores, databases });
  expect(await top()).toEqual(before);
  expect(await under.sweep(false)).toEqual([]);
  // To the last byte, so that the release before reads it, too.
  expect(await home.hget("entries:{EU}", "bob")).toBe(`${arrivalOf(2)} ${T + 2} 50 50 7 Bob`);
  expect(await home.hget("entries:{EU}", "dan")).toBe(`${arrivalOf(4)} ${T + 4} 0 Dan`);
  expect(await home.zrange("hidden:{EU}", "0", "-1", "WITHSCORES")).toEqual([`${arrivalOf(4)}dan`, "0"]);
  expect((await home.keys("details:*")).length).toBe(0);
});
