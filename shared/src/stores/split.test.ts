import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { scratchRedisClient } from "testing/scratch";
import { createLog } from "../log/log.ts";
import { createTopology, shardsOf } from "../model/regions.ts";
import { clockKey, splitKey } from "../redis/keys.ts";
import { checkSplit, compareSplit, compareSplits, formatSplit, readSplit } from "./split.ts";
import { awaitStores, connectStores } from "./stores.ts";
import { UnfitStore } from "./unfit-store.ts";

let server: Awaited<ReturnType<typeof scratchRedisClient>>;
beforeAll(async () => {
  server = await scratchRedisClient();
});
afterAll(() => server.dispose());
beforeEach(async () => void (await server.redis.flushall()));

const check = (partitions: number) => checkSplit(server.redis, createTopology(["EU"], partitions, ["main"]), "EU");
const compare = (partitions: number) => compareSplit(server.redis, createTopology(["EU"], partitions, ["main"]), "EU");
const written = () => server.redis.get(splitKey("EU"));

/** Leaves a shard as a write did before the number was stored. */
async function writeUnmarked(partitions: number, partition: number): Promise<void> {
  const shard = shardsOf("EU", partitions)[partition];
  if (shard !== undefined) await server.redis.set(clockKey(shard), "1");
}

test("an empty store takes the first number, and refuses every other with what to do", async () => {
  await check(4);
  expect(await written()).toBe("4");
  await check(4);
  for (const other of [1, 2, 16]) {
    await expect(check(other)).rejects.toThrow(
      `PARTITIONS is ${other}, but the data of EU in Redis is split into 4: ` +
        `set PARTITIONS=4, or move the data with ./lb repartition --to ${other}.`,
    );
    await expect(check(other)).rejects.toBeInstanceOf(UnfitStore);
  }
});

test("of several processes that start with different numbers exactly one number wins", async () => {
  const numbers = Array.from({ length: 8 }, (_, index) => 1 + (index % 4));
  const outcomes = await Promise.allSettled(numbers.map(check));
  const winners = new Set(numbers.filter((_, index) => outcomes[index]?.status === "fulfilled"));
  expect([...winners].map(String)).toEqual([(await written()) ?? ""]);
});

test("each region has a number of its own, and one may be added at any time", async () => {
  await check(4);
  await checkSplit(server.redis, createTopology(["EU", "NA"], 4, ["main"]), "NA");
  await expect(checkSplit(server.redis, createTopology(["NA"], 1, ["main"]), "NA")).rejects.toThrow("data of NA");
});

test("after FLUSHALL the number is stored again", async () => {
  await check(4);
  await server.redis.flushall();
  await check(4);
  expect(await written()).toBe("4");
});

describe("data from before the number was stored", () => {
  test("in one partition is adopted with PARTITIONS=1 and refused with any other", async () => {
    await writeUnmarked(1, 0);
    await expect(check(4)).rejects.toThrow("the data of EU in Redis is split into 1");
    await check(1);
    expect(await written()).toBe("1");
  });

  test("in several partitions is adopted if it fits, even with the last ones empty, and refused otherwise", async () => {
    await writeUnmarked(4, 2);
    await expect(check(1)).rejects.toThrow("the data of EU in Redis is split into 3");
    await check(4);
    expect(await written()).toBe("4");
  });

  test("in more partitions than are configured is refused", async () => {
    await writeUnmarked(16, 9);
    await expect(check(4)).rejects.toThrow("is split into 10");
  });
});

test("while entries are moved no process starts, and the error says how to finish the move", async () => {
  for (const phase of [{ isReadable: true, isChecking: true }, { isReadable: true }, { isReadable: false }]) {
    const split = { partitions: 1, movingTo: 4, ...phase };
    await server.redis.set(splitKey("EU"), formatSplit(split));
    expect(await readSplit(server.redis, "EU")).toEqual(split);
    for (const number of [1, 4]) await expect(check(number)).rejects.toThrow("let ./lb repartition --to 4 come");
  }
});

test("a malformed split is refused", async () => {
  await server.redis.set(splitKey("EU"), "four");
  await expect(check(4)).rejects.toThrow('split:{EU} in Redis holds "four"');
});

test("comparing writes nothing, so it works on a store that is out of memory", async () => {
  await compare(4);
  expect(await written()).toBeNull();
  await check(4);
  await server.redis.config("SET", "maxmemory", "1");
  await compare(4);
  await check(4); // writes nothing either, since the number is there
  await expect(compare(1)).rejects.toThrow("set PARTITIONS=4");
  await server.redis.config("SET", "maxmemory", "0");
});

test("of several regions one that is being moved is the fault, not those that have the new number already", async () => {
  const topology = createTopology(["ASIA", "EU", "NA"], 4, ["main"]);
  await server.redis.mset(splitKey("ASIA"), "1", splitKey("EU"), "4>1 moving", splitKey("NA"), "4");
  await expect(compareSplits(() => server.redis, topology)).rejects.toThrow(
    "The entries of EU are being moved from 4 to 1 partition: let ./lb repartition --to 1 come to its end",
  );
  await server.redis.set(splitKey("EU"), "4");
  await expect(compareSplits(() => server.redis, topology)).rejects.toThrow(
    "the data of ASIA in Redis is split into 1",
  );
});

test("a command that opens all stores is told of the region that moves, too", async () => {
  const topology = createTopology(["ASIA", "EU"], 4, ["main"]);
  await server.redis.mset(splitKey("ASIA"), "1", splitKey("EU"), "4>1 moving");
  const log = createLog("test", "silent");
  const urlsByRegion = new Map(topology.regions.map((region) => [region, server.url]));
  const stores = connectStores({ homeUrl: server.url, urlsByRegion, name: "test", log });
  try {
    const opened = awaitStores(stores, topology, { isProduction: false, log });
    await expect(opened).rejects.toThrow("The entries of EU are being moved from 4 to 1 partition");
  } finally {
    stores.close();
  }
});
