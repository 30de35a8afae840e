import { expect, test } from "bun:test";
import { readInteger } from "./read-integer.ts";

const MAX = Number.MAX_SAFE_INTEGER;

test.each([
  ["0", 0],
  ["-0", 0],
  ["-0.0", 0],
  ["0e-999999999999999999999", 0],
  ["0E+5", 0],
  ["1e0", 1],
  ["100.0", 100],
  ["+5", 5],
  ["007", 7],
  ["1E+3", 1000],
  ["-1e3", -1000],
  ["1.2345678E7", 12_345_678],
  ["1.2345678e+07", 12_345_678],
  ["1500e-2", 15],
  ["0.001e3", 1],
  ["9007199254740991", MAX],
  ["-9007199254740991.000", -MAX],
  ["9.007199254740991E15", MAX],
  [`${MAX}${"0".repeat(400)}e-400`, MAX],
  [`0.${"0".repeat(400)}1e401`, 1],
])("%s is the integer %p", (text, value) => {
  expect(Object.is(readInteger(text), value)).toBe(true);
});

test.each([
  "1.5",
  "-0.1",
  "1e-1",
  "9007199254740990.6",
  "0.99999999999999999999",
  "1e-400",
  "1.23e1",
  `1e-${"9".repeat(400)}`,
])("%s has a fraction", (text) => {
  expect(readInteger(text)).toBeNaN();
});

test.each([
  ["9007199254740992", Infinity],
  ["-9007199254740993", -Infinity],
  ["9.007199254740992e15", Infinity],
  ["99999999999999999", Infinity],
  ["1e400", Infinity],
  [`-1e${"9".repeat(400)}`, -Infinity],
])("%s is out of range", (text, value) => {
  expect(readInteger(text)).toBe(value);
});

test.each(["", " 1", "1 ", "1,000", "0x10", "1_000", ".5", "5.", "1e", "e5", "--1", "Infinity", "NaN", "١"])(
  "%p is not a decimal number",
  (text) => {
    expect(readInteger(text)).toBeUndefined();
  },
);
