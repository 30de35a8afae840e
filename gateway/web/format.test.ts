import { expect, test } from "bun:test";
import { formatCount, formatNumber, formatScore, formatSigned, parsePoints } from "./format.ts";

test.each([
  ["5", 5],
  [" 70000 ", 70_000],
  ["+12", 12],
  ["-3", -3],
  ["−3", -3],
  ["0012", 12],
  ["9007199254740991", Number.MAX_SAFE_INTEGER],
])("%p is parsed as a number of points", (text, points) => {
  expect(parsePoints(text)).toBe(points);
});

test.each(["", "-", "x", "1e3", "0x10", "--1", "- 1", "NaN", "∞", "१२"])(
  "%p is refused as a number of points",
  (text) => {
    expect(parsePoints(text)).toContain("a whole number");
  },
);

test.each(["1.5", "-2.25", "1,5", "1.500", "1,500", "1 000", "1\u00a0000", "1'000", "1_000", ".5", "5."])(
  "%p is refused, because a separator may mean a fraction or thousands",
  (text) => {
    expect(parsePoints(text)).toContain("without separators");
  },
);

test.each(["9007199254740992", "-9007199254740992", "12345678901234567", "9".repeat(400)])(
  "%p is refused as more than a score can be",
  (text) => {
    expect(parsePoints(text)).toContain("at most 9,007,199,254,740,991");
  },
);

test("a score shows all decimals that it has", () => {
  expect([formatNumber(1234.123456), formatNumber(12.5), formatNumber(3)]).toEqual(["1,234.123456", "12.5", "3"]);
});

test.each([
  [12.75, { decimals: 3, unit: "" }, "12.750"],
  [-1234.5, { decimals: 2, unit: "s" }, "-1,234.50\u00a0s"],
  [7, { decimals: 0, unit: "points" }, "7\u00a0points"],
  [0.000001, { decimals: 6, unit: "" }, "0.000001"],
])("the score %p of a board with %p is %p", (score, board, shown) => {
  expect(formatScore(score, board)).toBe(shown);
});

test("a sum has its sign, and a count of one is singular", () => {
  expect([formatSigned(5), formatSigned(-5), formatCount(1), formatCount(2)]).toEqual([
    "+5",
    "-5",
    "1 player",
    "2 players",
  ]);
});
