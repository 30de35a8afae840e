import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Tiers, tierOf } from "./tiers.ts";

const percentile = (upto: number): Tiers => ({ by: "percentile", steps: [{ id: "gold", upto }] });
const isGold = (rank: number, total: number, upto: number) =>
  tierOf(percentile(upto), { rank, total, score: 0 }, false) === "gold";

test.each([
  [0.07, 10_000, 7],
  [5, 19, 1],
  [5, 20, 1],
  [5, 21, 2],
  [2.3, 1_000, 23],
  [1.1, 1_000_000_000, 11_000_000],
  [100, 3, 3],
  [0.001, 10, 1],
])("the first %d percent of %d are %d", (upto, total, last) => {
  expect([isGold(last, total, upto), isGold(last + 1, total, upto)]).toEqual([true, false]);
});

test("percentages of two decimals take as many as in whole numbers, and the first of all always", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 10 ** 9 }), (hundredths, total) => {
      const last = Number((BigInt(total) * BigInt(hundredths) + 9_999n) / 10_000n);
      expect([isGold(1, total, hundredths / 100), isGold(last, total, hundredths / 100)]).toEqual([true, true]);
      if (last < total) expect(isGold(last + 1, total, hundredths / 100)).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});
