import { expect, test } from "bun:test";
import { median, percentile, ratioOf, spreadOf } from "./statistics.ts";

const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

test("a percentile is the smallest value that so many percent do not exceed", () => {
  expect([0, 1, 50, 99, 100].map((percent) => percentile(hundred, percent))).toEqual([1, 1, 50, 99, 100]);
  expect(percentile([7], 99)).toBe(7);
  expect(median([3, 1, 2])).toBe(2);
  expect(median([10, 9, 100])).toBe(10); // sorted as numbers, not as text
  expect(() => median([])).toThrow(RangeError);
});

test("a spread is the median with the least and the greatest value", () => {
  expect(spreadOf([10, 9, 100])).toEqual({ median: 10, least: 9, greatest: 100 });
});

test("a ratio is taken round by round, so a round that is slow on both sides changes nothing", () => {
  expect(ratioOf([10, 5, 30], [20, 10, 20])).toEqual({ median: 0.5, least: 0.5, greatest: 1.5 });
});
