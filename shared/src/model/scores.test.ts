import { expect, test } from "bun:test";
import { createTopology } from "./regions.ts";
import { boardSchema, regionSchema, scoreSchema, viewSchema } from "./scores.ts";

const topology = createTopology(["ASIA", "EU"], 1, ["main"]);

test("minus zero becomes zero, because the two rank the same but are spelled differently", () => {
  expect(Object.is(scoreSchema.parse(-0), 0)).toBe(true);
});

test("scores keep both ends of the range", () => {
  for (const score of [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER]) expect(scoreSchema.parse(score)).toBe(score);
});

test.each([
  [Number.NaN, "has a fraction"],
  [2 ** 53, "out of range"],
  [-Infinity, "out of range"],
  ["5", "must be a number"],
  [undefined, "must be a number"],
])("a score of %p is told why it is refused", (score, reason) => {
  expect(scoreSchema.safeParse(score).error?.issues).toMatchObject([{ message: expect.stringContaining(reason) }]);
});

test("a region is accepted in any case, and only if it is configured", () => {
  expect(regionSchema(topology).parse("eu")).toBe("EU");
  expect(regionSchema(topology).safeParse("GLOBAL").success).toBe(false);
});

test("GLOBAL is always a view, and the default", () => {
  expect(viewSchema(topology).parse(undefined)).toBe("GLOBAL");
  expect(viewSchema(topology).parse("global")).toBe("GLOBAL");
  expect(viewSchema(topology).safeParse("MARS").error?.issues[0]?.message).toBe("must be one of GLOBAL, ASIA, EU");
});

test("the default board is main, and a board that no configuration names is accepted", () => {
  expect(boardSchema.parse(undefined)).toBe("main");
  for (const id of ["weekly", "7", "a-b_c", "constructor", "x".repeat(32)]) expect(boardSchema.parse(id)).toBe(id);
});

test.each(["", "WEEKLY", "_a", "-a", "x".repeat(33), "a b", "a\n", "a:{EU}", "a.b", "é", "__proto__", null, 5])(
  "%p is no id of a board",
  (id) => {
    expect(boardSchema.safeParse(id).success).toBe(false);
  },
);
