import { expect, test } from "bun:test";
import { spreadOf } from "./statistics.ts";
import { figure, formatSpread, toSize } from "./table.ts";

test("a figure has three digits, or all digits before the point", () => {
  expect([0.02949, 1.5, 48.16, 123.4, 26_521.4].map(figure)).toEqual(["0.0295", "1.5", "48.2", "123", "26,521"]);
  expect(formatSpread(spreadOf([5]), "µs")).toBe("5 µs");
});

test("a power of ten is written as one", () => {
  expect([100, 25_000, 1e10].map(toSize)).toEqual(["10²", "25,000", "10¹⁰"]);
});
