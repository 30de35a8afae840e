import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ShardEntry } from "../shard-entry.ts";
import { estimateReach, pickNeighbours, reachOf } from "./neighbours.ts";
import type { Window } from "./read-window.ts";

test.each([
  ["the middle", 5, 50, 100, { above: 5, below: 5 }],
  ["the top", 5, 0, 100, { above: 0, below: 10 }],
  ["near the bottom", 5, 97, 100, { above: 8, below: 2 }],
  ["a board of one", 5, 0, 1, { above: 0, below: 0 }],
  ["a small board", 5, 2, 4, { above: 2, below: 1 }],
])("a player in %s has as many neighbours as there are, up to twice the range", (_, range, before, total, reach) => {
  expect(reachOf(range, before, total)).toEqual(reach);
});

test("a shard is read for about its share, and never further than the range", () => {
  expect([1, 2, 4, 16].map((shards) => estimateReach(10, shards))).toEqual([10, 10, 9, 4]);
  expect([1, 2, 4, 16].map((shards) => estimateReach(100, shards))).toEqual([100, 73, 41, 15]);
});

describe("neighbours of several shards", () => {
  const SELF = 50;
  const entryAt = (place: number): ShardEntry => ({
    score: -place,
    userId: `p${place}`,
    member: `${"0".repeat(16)}p${place}`,
    region: "EU",
    record: "",
  });
  /** The window of a shard with these places, read this far. */
  function windowOf(places: readonly number[], reach: number): Window {
    const [above, below] = [places.filter((place) => place < SELF), places.filter((place) => place > SELF)];
    const self = places.includes(SELF) ? { self: entryAt(SELF) } : {};
    return {
      ...self,
      away: [],
      total: places.length,
      before: above.length,
      above: above.slice(Math.max(0, above.length - reach)).map(entryAt),
      below: below.slice(0, reach).map(entryAt),
    };
  }

  test("are exact where no shard is short, and a shard that could hold a nearer one is short", () => {
    const placement = fc.record({
      shardOf: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 101, maxLength: 101 }),
      first: fc.integer({ min: 1, max: 8 }),
      range: fc.integer({ min: 1, max: 8 }),
    });
    fc.assert(
      fc.property(placement, ({ shardOf, first, range }) => {
        const shards = [0, 1, 2].map((shard) => [...shardOf.keys()].filter((place) => shardOf[place] === shard));
        const reach = { above: range, below: range };
        const windows = shards.map((places) => windowOf(places, first));
        const { short } = pickNeighbours(windows, entryAt(SELF), reach);
        const again = windows.map((window, shard) =>
          short.includes(window) ? windowOf(shards[shard] ?? [], range) : window,
        );
        const picked = pickNeighbours(again, entryAt(SELF), reach);
        expect(picked.above.map(({ score }) => -score)).toEqual(
          Array.from({ length: range }, (_, n) => SELF - range + n),
        );
        expect(picked.below.map(({ score }) => -score)).toEqual(Array.from({ length: range }, (_, n) => SELF + 1 + n));
      }),
      { numRuns: 500 },
    );
  });
});
