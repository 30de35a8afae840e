import { expect, test } from "bun:test";
import { ratioOf, spreadOf } from "./spread.ts";

test("a spread is the median with the least and the greatest", () => {
  expect(spreadOf([10, 9, 100])).toEqual({ median: 10, least: 9, greatest: 100 });
});

test("a ratio is taken round by round, so that a slow round of both changes nothing", () => {
  expect(ratioOf([10, 5, 30], [20, 10, 20])).toEqual({ median: 0.5, least: 0.5, greatest: 1.5 });
});
