import { describe, expect, test } from "bun:test";
import { createTopology, partitionOf, shardOf, shardsOfView, shardsThatMayHold } from "./regions.ts";

const topology = createTopology(["GLOBAL", "EU", "NA"], 4, ["main"]);
const tags = (shards: readonly { tag: string }[]) => shards.map(({ tag }) => tag);

test("a region that is not partitioned has its name as tag", () => {
  expect(tags(createTopology(["EU"], 1, ["main"]).shards)).toEqual(["EU"]);
});

test("the GLOBAL view is every shard, a region's its own", () => {
  expect(shardsOfView(topology, "GLOBAL")).toHaveLength(12);
  expect(tags(shardsOfView(topology, "EU"))).toEqual(["EU.0", "EU.1", "EU.2", "EU.3"]);
});

test("GLOBAL is a view also where it is no home region", () => {
  expect(tags(shardsOfView(createTopology(["EU", "NA"], 1, ["main"]), "GLOBAL"))).toEqual(["EU", "NA"]);
});

describe("partitions", () => {
  // Data of a running system depends on these: a changed hash would lose every player.
  test.each([
    ["ada", 0],
    ["eve", 2],
    ["player-1", 3],
    ["A-Za-z0-9_", 0],
  ])("%s is on partition %d of 4", (userId, partition) => {
    expect(partitionOf(userId, 4)).toBe(partition);
  });

  test("a new region moves no player", () => {
    const grown = createTopology(["GLOBAL", "ASIA", "EU", "NA"], 4, ["main"]);
    for (const id of ["ada", "bob", "eve"]) expect(shardOf(grown, "EU", id).tag).toBe(shardOf(topology, "EU", id).tag);
  });

  test("players spread evenly", () => {
    const partitions = Array.from({ length: 4000 }, (_, n) => partitionOf(`player-${n}`, 4));
    for (const partition of [0, 1, 2, 3]) {
      expect(partitions.filter((each) => each === partition).length).toBeWithin(900, 1100);
    }
  });

  test("a player is looked for on one shard a region", () => {
    expect(tags(shardsThatMayHold(topology, "GLOBAL", "player-1"))).toEqual(["GLOBAL.3", "EU.3", "NA.3"]);
    expect(tags(shardsThatMayHold(topology, "EU", "player-1"))).toEqual(["EU.3"]);
  });
});

test("a region that is not configured has no shard", () => {
  expect(() => shardOf(topology, "MARS", "ada")).toThrow(RangeError);
});
