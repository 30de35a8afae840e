import { expect, test } from "bun:test";
import { parseRankingName, toRankingName } from "./ranking-name.ts";

test("a board without seasons has the name that it always had", () => {
  expect(toRankingName("main", 0)).toBe("main");
  expect(parseRankingName("main")).toEqual({ board: "main", season: 0 });
});

test("a season's name comes back as its board and number", () => {
  expect(parseRankingName(toRankingName("weekly-race", 12))).toEqual({ board: "weekly-race", season: 12 });
});

test.each(["weekly@", "weekly@0", "weekly@01", "weekly@1@2", "@1", "Weekly@1", "weekly@-1", "weekly@1234567890"])(
  "%p is no name of a season",
  (text) => expect(parseRankingName(text)).toBeUndefined(),
);
