import { beforeEach, expect, test } from "bun:test";
import { boardsKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { scratchRedisClient } from "testing/scratch";
import { flushAll } from "testing/whole-store";
import { boardsOnShard } from "./boards-on-shard.ts";

const { redis } = await forFile(scratchRedisClient());
const shard = { region: "EU", partition: 0, tag: "EU" };
beforeEach(() => flushAll(redis));

test("every board of a shard comes once, in pages of at most a hundred", async () => {
  const made = Array.from({ length: 1_234 }, (_, n) => `b-${n}`);
  await redis.hset(boardsKey(shard), Object.fromEntries([...made, "main"].map((id) => [id, "7 open"])));
  const pages = await Array.fromAsync(boardsOnShard(redis, shard, ["main", "weekly"]));
  expect(pages.flat().toSorted()).toEqual([...made, "main", "weekly"].toSorted());
  expect(Math.max(...pages.map((page) => page.length))).toBeLessThanOrEqual(100);
});

test("a shard that knows of none has the configured boards", async () => {
  expect(await Array.fromAsync(boardsOnShard(redis, shard, ["main"]))).toEqual([["main"]]);
});

test("readers do not get the boards that are deleted; removals of entries do", async () => {
  await redis.hset(boardsKey(shard), { here: "7 open", leaving: "8 deleting" });
  const read = async (...options: [] | [{ without: "deleted" }]) =>
    (await Array.fromAsync(boardsOnShard(redis, shard, ["main"], ...options))).flat().toSorted();
  expect([await read(), await read({ without: "deleted" })]).toEqual([
    ["here", "leaving", "main"],
    ["here", "main"],
  ]);
});

test("a configured board with seasons is itself, and a ranking for each season", async () => {
  await redis.hset(boardsKey(shard), { main: "7 open 2 0 100 200" });
  expect(await Array.fromAsync(boardsOnShard(redis, shard, ["main"]))).toEqual([["main"], ["main@1", "main@2"]]);
});

test("a board with seasons is a ranking for each season whose keys may be left", async () => {
  await redis.hset(boardsKey(shard), {
    cup: "7 open 4 2 100 200 300",
    gone: "8 deleting 1 1 100 200",
    long: "7 open 250 1 100 200",
  });
  const pages = await Array.fromAsync(boardsOnShard(redis, shard, ["main"], { without: "deleted" }));
  const names = pages.flat();
  expect(names.filter((name) => name.startsWith("cup"))).toEqual(["cup@2", "cup@3", "cup@4"]);
  expect([names.length, names.includes("gone@1"), names.includes("long@250")]).toEqual([254, false, true]);
  expect(Math.max(...pages.map((page) => page.length))).toBeLessThanOrEqual(100);
});
