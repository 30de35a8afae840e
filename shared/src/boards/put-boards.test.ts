import { beforeEach, describe, expect, test } from "bun:test";
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

test("a revision below that of a later board of the id may be told again", async () => {
  const put = () => putBoards(redis, shard, [{ id: "cup", rev: 9, state: "deleting", born: 10 }]);
  expect([await put(), await put(), await redis.hget(boardsKey(shard), "cup")]).toEqual([1, 0, "9 deleting"]);
});

describe("seasons", () => {
  type Plan = { version: number; first: number; at: number[] };
  const put = (rev: number, plan?: Plan, rest: { born?: number; begins?: number } = {}) =>
    putBoards(redis, shard, [{ id: "cup", rev, state: "open", born: 0, plan, ...rest }]);
  const kept = () => redis.hget(boardsKey(shard), "cup");

  test("a shard begins with the first season of the plan, and goes on with the season that it has", async () => {
    await put(7, { version: 70, first: 3, at: [100, 200, 300] });
    expect(await kept()).toBe("7 open 3 3 100 200 300 plan 70");
    await redis.hset(boardsKey(shard), "cup", "7 open 4 3 200 300 plan 70");
    await redis.set(clockKey(shard), "50");
    expect(await put(7, { version: 71, first: 3, at: [100, 200, 300, 400, 500] })).toBe(1);
    expect([await kept(), await redis.get(clockKey(shard))]).toEqual(["7 open 4 3 200 300 400 500 plan 71", "51"]);
  });

  test.each([
    ["an older plan", 7, { version: 69, first: 1, at: [100, 250] }, "7 open 1 1 100 200 300 400 plan 70"],
    [
      "an older plan with a newer revision",
      8,
      { version: 69, first: 1, at: [100, 250] },
      "8 open 1 1 100 200 300 400 plan 70",
    ],
    [
      "a longer plan",
      7,
      { version: 71, first: 1, at: [100, 200, 300, 400, 500] },
      "7 open 1 1 100 200 300 400 500 plan 71",
    ],
    ["another plan", 7, { version: 71, first: 1, at: [100, 250, 350] }, "7 open 1 1 100 250 350 plan 71"],
    [
      "a plan without the seasons that are final",
      7,
      { version: 71, first: 2, at: [200, 300, 500] },
      "7 open 1 1 100 200 300 500 plan 71",
    ],
    ["a revision without a plan", 8, undefined, "8 open 1 1 100 200 300 400 plan 70"],
    ["an older revision", 6, { version: 71, first: 1, at: [100, 250, 350] }, "7 open 1 1 100 200 300 400 plan 70"],
  ])("%s", async (_, rev, plan, expected) => {
    await put(7, { version: 70, first: 1, at: [100, 200, 300, 400] });
    await put(rev, plan);
    expect(await kept()).toBe(expected);
  });

  test("a shard that knew the revision alone begins once there is a plan", async () => {
    await put(7);
    expect(await kept()).toBe("7 open");
    await put(7, { version: 70, first: 1, at: [100, 200, 300] });
    expect(await kept()).toBe("7 open 1 1 100 200 300 plan 70");
  });

  test("a shard knows a bounded number of ends, and the following ones once it is there", async () => {
    const plan = { version: 70, first: 1, at: Array.from({ length: 100 }, (_, index) => 1_000 + index) };
    await put(7, plan);
    const ends = (await kept())?.split(" ").slice(5, -2);
    expect([ends?.length, ends?.[0], ends?.at(-1)]).toEqual([32, "1001", "1032"]);
    await redis.hset(boardsKey(shard), "cup", "7 open 32 1 1031 1032 plan 70");
    await put(7, plan);
    expect((await kept())?.split(" ").slice(2, 7)).toEqual(["32", "1", "1031", "1032", "1033"]);
  });

  test("a fence stays until a plan is told that is newer than the one of the fence", async () => {
    const plan = { version: 70, first: 1, at: [100, 200, 300, 400] };
    await put(7, plan);
    const fenced = "7 open 1 1 100 150 fence 71";
    await redis.hset(boardsKey(shard), "cup", fenced);
    for (const version of [70, 71]) expect([await put(7, { ...plan, version }), await kept()]).toEqual([0, fenced]);
    await put(8, { ...plan, version: 71 });
    expect(await kept()).toBe("8 open 1 1 100 150 fence 71");
    await put(8, { version: 72, first: 1, at: [100, 150, 200, 300, 400] });
    expect(await kept()).toBe("8 open 1 1 100 150 200 300 400 plan 72");
  });

  test.each([
    ["that knows no season", undefined, "7 open 3 1 300 400 500 plan 70"],
    ["that is behind", "7 open 1 1 100 200 300 plan 60", "7 open 3 1 300 400 500 plan 70"],
    ["that is further", "7 open 4 2 400 500 plan 60", "7 open 4 2 400 500 plan 70"],
  ])(
    "a shard %s begins in the season that it is told to begin in, and keeps those before",
    async (_, known, expected) => {
      if (known !== undefined) await redis.hset(boardsKey(shard), "cup", known);
      await put(7, { version: 70, first: 1, at: [100, 200, 300, 400, 500] }, { begins: 3 });
      expect(await kept()).toBe(expected);
    },
  );

  test("the seasons of a board that had the id before go with it", async () => {
    await redis.hset(boardsKey(shard), "cup", "9 open 3 2 100 200 300");
    for (const name of ["cup@2", "cup@3"]) await redis.hset(entriesKey(shard, name), "ada", "a record");
    await put(12, { version: 120, first: 1, at: [500, 600, 700] }, { born: 10 });
    expect(await kept()).toBe("12 open 1 1 500 600 700 plan 120");
    expect(await redis.exists(...["cup@2", "cup@3"].flatMap((name) => entryKeys(shard, name)))).toBe(0);
  });
});
