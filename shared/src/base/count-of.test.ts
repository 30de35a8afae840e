import { expect, test } from "bun:test";
import { countOf } from "./count-of.ts";

test("one of a thing is named in the singular, none and several in the plural", () => {
  expect([0, 1, 2].map((count) => countOf(count, "line"))).toEqual(["0 lines", "1 line", "2 lines"]);
  expect(countOf(1, "entry", "entries")).toBe("1 entry");
  expect(countOf(0, "entry", "entries")).toBe("0 entries");
});
