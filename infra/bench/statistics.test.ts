import { expect, test } from "bun:test";
import { median, percentile } from "./statistics.ts";

const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

test("a percentile is the smallest value that so many do not exceed", () => {
  expect([0, 1, 50, 99, 100].map((percent) => percentile(hundred, percent))).toEqual([1, 1, 50, 99, 100]);
  expect(percentile([7], 99)).toBe(7);
  expect(median([3, 1, 2])).toBe(2);
  expect(median([10, 9, 100])).toBe(10); // by value, not by spelling
});

test("of nothing there is none", () => {
  expect(() => median([])).toThrow(RangeError);
});

test("the values are left in their order", () => {
  const values = new Float64Array([3, 1, 2]);
  median(values);
  expect([...values]).toEqual([3, 1, 2]);
});
