import { beforeEach, expect, test } from "bun:test";
import { boardKey, boardsKey, clockKey, detailsKey, entriesKey, entryKeys, hiddenKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { scratchRedisClient } from "testing/scratch";
import { flushAll } from "testing/whole-store";
import { putBoards } from "./put-boards.ts";

const { redis } = await forFile(scratchRedisClient());
const shard = { region: "EU", partition: 0, tag: "EU" };
beforeEach(() => flushAll(redis));

test("only a higher revision replaces another, and then the clock of the shard grows", async () => {
  const put = (rev: number, state: "open" | "deleting" = "open") =>
    putBoards(redis, shard, [{ id: "weekly", rev, state, born: 0 }]);
  await redis.set(clockKey(shard), "100");
  expect([await put(0), await put(0), await put(7), await put(7, "deleting"), await put(6)]).toEqual([1, 0, 1, 0, 0]);
  expect([await redis.hgetall(boardsKey(shard)), await redis.get(clockKey(shard))]).toEqual([
    { weekly: "7 open" },
    "101",
  ]);
  expect(await put(8, "deleting")).toBe(1);
  expect(await redis.hget(boardsKey(shard), "weekly")).toBe("8 deleting");
});

test("a shard that comes back with what had the id before a board was born loses that, and nothing else", async () => {
  const born = 10;
  const fill = async (id: string) => {
    const [ranking, hidden, entries] = [boardKey(shard, id), hiddenKey(shard, id), entriesKey(shard, id)];
    const filled = redis.multi().zadd(ranking, 1, "ada").zadd(hidden, 1, "bob").hset(entries, "ada", "a record");
    await filled.hset(detailsKey(shard, id), "ada", "1 ").exec();
  };
  const left = (id: string) => redis.exists(...entryKeys(shard, id));
  for (const id of ["unknown", "older", "same", "other"]) await fill(id);
  await redis.hset(boardsKey(shard), { older: "9 open", same: "10 open", other: "3 open" });
  const put = (rev: number) =>
    putBoards(redis, shard, [
      { id: "unknown", rev, state: "open", born },
      { id: "other", rev, state: "open", born: 0 },
      { id: "older", rev, state: "open", born },
      { id: "same", rev, state: "open", born },
    ]);
  expect(await put(12)).toBe(4);
  expect(await Promise.all(["unknown", "older", "same", "other"].map(left))).toEqual([0, 0, 4, 4]);
  // A repeat, and an older revision, take nothing away.
  await fill("older");
  expect([await put(12), await put(11), await left("older")]).toEqual([0, 0, 4]);
});
