import { expect, test } from "bun:test";
import { escapeCell, unescapeCell } from "./spreadsheet-cell.ts";

test.each([
  ["=HYPERLINK(1)", "'=HYPERLINK(1)"],
  ["+1", "'+1"],
  ["-p", "'-p"],
  ["@SUM(1)", "'@SUM(1)"],
  ["\t=1", "'\t=1"],
  ["\r", "'\r"],
  ["＝1", "'＝1"],
  [" =1", " '=1"],
  ["a;=1", "a;'=1"],
  ['a;"=1;-2', "a;\"'=1;'-2"],
  ["'=1", "''=1"],
  ["Ann", "Ann"],
  ["'Twas", "'Twas"],
  ["a=1-2", "a=1-2"],
])("%j is written as %j, and read back", (text, cell) => {
  expect(escapeCell(text)).toBe(cell);
  expect(unescapeCell(cell)).toBe(text);
});

test("every text is read back, and no cell begins a formula", () => {
  const characters = ["=", "-", "'", '"', ";", " ", "a", "\t"];
  for (let n = 0; n < characters.length ** 5; n++) {
    const text = Array.from(
      { length: 5 },
      (_, place) => characters[Math.floor(n / characters.length ** place) % 8],
    ).join("");
    const cell = escapeCell(text);
    if (unescapeCell(cell) !== text) expect([text, cell]).toEqual([]);
    if (cell.split(";").some((part) => /^[ "]*[=+\-@]/.test(part))) expect([text, cell]).toEqual([]);
  }
});
