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

test("readers do not get the boards that are deleted; whoever removes entries does", async () => {
  await redis.hset(boardsKey(shard), { here: "7 open", leaving: "8 deleting" });
  const read = async (...options: [] | [{ without: "deleted" }]) =>
    (await Array.fromAsync(boardsOnShard(redis, shard, ["main"], ...options))).flat().toSorted();
  expect([await read(), await read({ without: "deleted" })]).toEqual([
    ["here", "leaving", "main"],
    ["here", "main"],
  ]);
});
