import { beforeEach, expect, test } from "bun:test";
import { toArrival } from "shared/base/times";
import { forFile } from "testing/for-file";
import { plainRecord } from "testing/redis/plain-record";
import { flushAll } from "testing/whole-store";
import { placeHidden } from "../../drainer/src/boards/place-hidden.ts";
import { putEntries } from "../../drainer/src/restore/put-entries.ts";
import { putVisibility } from "../../drainer/src/restore/put-visibility.ts";
import { type Built, player, startUnderTest } from "../../ranker/test/ranker-under-test.ts";

const under = await forFile(startUnderTest());
let ranker: Built;
beforeEach(async () => {
  await flushAll(under.redis);
  ranker = await under.build();
  await ranker.submit(player("ada"), { operation: "set", board: "main", value: 5 });
});

const EU = { region: "EU", partition: 0, tag: "EU" };
const shown = async () => (await ranker.boards.top("EU", "main", 10)).entries.map(({ user_id }) => user_id);

test("the next top has an entry that a restore put back with an old version", async () => {
  expect(await shown()).toEqual(["ada"]);
  const bob = {
    board: "main",
    user_id: "bob",
    name: "Bob",
    region: "EU",
    score: "9",
    reached_at: "10",
    updated_at: "10",
  };
  expect(await putEntries(under.redis, { shard: EU, board: "main", rows: [bob] })).toBe(1);
  expect(await shown()).toEqual(["bob", "ada"]);
});

test("the next top follows changes of visibility that a restore put back with old versions", async () => {
  expect(await shown()).toEqual(["ada"]);
  for (const [hidden, updated_at, left] of [
    [true, "10", []],
    [false, "11", ["ada"]],
  ] as const) {
    expect(await putVisibility(under.redis, EU, [{ user_id: "ada", region: "EU", hidden, updated_at }])).toBe(1);
    expect(await placeHidden(under.redis, EU, ["main"], ["ada"])).toBe(1);
    expect(await shown()).toEqual([...left]);
  }
});

test("the next top has what an emptied and refilled Redis holds", async () => {
  expect(await shown()).toEqual(["ada"]);
  await flushAll(under.redis);
  expect(await shown()).toEqual([]);
  const record = plainRecord({ score: 1, reachedAt: 10, version: 10, name: "Eve" });
  await under.redis.hset("entries:{EU}", "eve", record);
  await under.redis.zadd("leaderboard:{EU}", 1, `${toArrival(10)}eve`);
  expect(await shown()).toEqual(["eve"]);
});
