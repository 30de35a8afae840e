import { expect, test } from "bun:test";
import { formatFence, parseFence } from "./fence.ts";

test("parsing a formatted fence gives the same fence, open or lost", () => {
  for (const fence of [
    { origin: "0b6f-1", keptVersion: 0, from: 5, run: "a1" },
    { origin: "x", keptVersion: 9007199254740991, from: 9007199254740991 },
  ]) {
    expect(parseFence(formatFence(fence))).toEqual(fence);
  }
});

test("a malformed fence counts as missing", () => {
  for (const text of [null, "", "x 1 1", "x -1 1 run", "x 1 run", "x 1 1 run more", "lost"])
    expect(parseFence(text)).toBeUndefined();
});
