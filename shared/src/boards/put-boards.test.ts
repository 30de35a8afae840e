import { beforeEach, expect, test } from "bun:test";
import { boardsKey, clockKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { scratchRedisClient } from "testing/scratch";
import { flushAll } from "testing/whole-store";
import { putBoards } from "./put-boards.ts";

const { redis } = await forFile(scratchRedisClient());
const shard = { region: "EU", partition: 0, tag: "EU" };
beforeEach(() => flushAll(redis));

test("only a higher revision replaces another, and then the clock of the shard grows", async () => {
  const put = (rev: number, state: "open" | "deleting" = "open") =>
    putBoards(redis, shard, [{ id: "weekly", rev, state }]);
  await redis.set(clockKey(shard), "100");
  expect([await put(0), await put(0), await put(7), await put(7, "deleting"), await put(6)]).toEqual([1, 0, 1, 0, 0]);
  expect([await redis.hgetall(boardsKey(shard)), await redis.get(clockKey(shard))]).toEqual([
    { weekly: "7 open" },
    "101",
  ]);
  expect(await put(8, "deleting")).toBe(1);
  expect(await redis.hget(boardsKey(shard), "weekly")).toBe("8 deleting");
});
