import { expect, test } from "bun:test";
import { createTopology } from "./regions.ts";
import { boardSchema, regionSchema, scoreSchema, viewSchema } from "./scores.ts";

const topology = createTopology(["ASIA", "EU"], 1, ["main", "weekly"]);

test("minus zero becomes zero, because the two rank the same but are spelled differently", () => {
  expect(Object.is(scoreSchema.parse(-0), 0)).toBe(true);
});

test("scores keep both ends of the range", () => {
  for (const score of [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER]) expect(scoreSchema.parse(score)).toBe(score);
});

test.each([
  [1.5, "has a fraction"],
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

test("the default board is main, and only configured boards are accepted", () => {
  expect(boardSchema(topology).parse(undefined)).toBe("main");
  expect(boardSchema(topology).parse("weekly")).toBe("weekly");
  expect(boardSchema(topology).safeParse("WEEKLY").success).toBe(false);
});
