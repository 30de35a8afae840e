import { expect, test } from "bun:test";
import { formatCount, formatSigned, parsePoints } from "./format.ts";

test.each([
  ["5", 5],
  [" 70,000 ", 70_000],
  ["+12", 12],
  ["-3", -3],
  ["−3", -3],
  ["1 000", 1_000],
  ["9007199254740991", Number.MAX_SAFE_INTEGER],
])("%p is parsed as a number of points", (text, points) => {
  expect(parsePoints(text)).toBe(points);
});

test.each(["", "x", "1e3", "0x10", "--1", "9007199254740992", "12345678901234567", "NaN", "∞"])(
  "%p is refused as a number of points",
  (text) => {
    expect(parsePoints(text)).toBeUndefined();
  },
);

test("a sum has its sign, and a count of one is singular", () => {
  expect([formatSigned(5), formatSigned(-5), formatCount(1), formatCount(2)]).toEqual([
    "+5",
    "-5",
    "1 player",
    "2 players",
  ]);
});
