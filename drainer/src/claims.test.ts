import { expect, test } from "bun:test";
import { toArrival } from "shared/times";
import { type FoundEntry, toAccountClaim, toEntryClaim } from "./claims.ts";

const arrival = toArrival(100);
const found: FoundEntry = {
  ...{ arrival, score: "7", stray: null, name: "Ada", region: "EU", profileScore: "7", version: "200", isNewest: true },
};
const row = {
  ...{ board: "main", user_id: "ada", name: "Ada", region: "EU", score: "7", reached_at: "100", updated_at: "200" },
};
const none: FoundEntry = {
  ...{ arrival: null, score: null, stray: null, name: null, region: null, profileScore: null, version: null },
  isNewest: true,
};
const stray = { member: `${toArrival(90)}ada`, score: "3" };
const claimOf = (entry: FoundEntry, board = "main") =>
  toEntryClaim(entry, "ada", { board, region: "EU", latestVersion: 1_000 });

test("an entry that agrees with itself is whole", () => {
  expect(claimOf(found)).toEqual({ row, isWhole: true, isPresent: true });
});

test("a profile alone, of another board, is no entry", () => {
  expect(claimOf({ ...none, name: "Ada", region: "EU" }, "weekly")).toMatchObject({ row: undefined, isPresent: false });
});

const cases: [string, Partial<FoundEntry>, Partial<typeof row> | undefined][] = [
  ["a score that the profile does not have", { score: "8" }, { score: "7" }],
  ["a profile without its score", { profileScore: null }, { score: "7" }],
  ["a score that is no integer", { score: "7.5" }, { score: "7" }],
  ["no member: the profile has the score", { score: null }, { score: "7" }],
  ["a second member", { stray }, {}],
  [
    "an arrival that names no member, and a member",
    { score: null, stray, profileScore: "3" },
    { score: "3", reached_at: "90" },
  ],
  ["no arrival, but a member", { arrival: null, score: null, stray }, { reached_at: "90" }],
  ["no arrival and no member", { arrival: null, score: null }, undefined],
  ["an arrival that is none", { arrival: "soon" }, undefined],
  ["an arrival of too few digits", { arrival: "7" }, undefined],
  ["no version: the arrival is the best that is known", { version: null }, { updated_at: "100" }],
  ["a version from the future", { version: "1001" }, { updated_at: "100" }],
  ["a version that is none", { version: "soon" }, { updated_at: "100" }],
  ["no name", { name: null }, undefined],
  ["another region", { region: "NA" }, {}],
];
test.each(cases)("%s: not whole", (_, change, claimed) => {
  const claim = claimOf({ ...found, ...change });
  expect(claim).toEqual({ row: claimed && { ...row, ...claimed }, isWhole: false, isPresent: true });
});

test("the profile's score is that of main alone", () => {
  const claim = claimOf({ ...found, score: "8" }, "weekly");
  expect(claim).toEqual({ row: { ...row, board: "weekly", score: "8" }, isWhole: true, isPresent: true });
});

test("an account is whole, or tells nothing", () => {
  const account = { name: "Ada", region: "EU", password_hash: "", created_at: "5", updated_at: "6" };
  expect(toAccountClaim(account, "ada", 10)).toEqual({
    ...{ row: { user_id: "ada", ...account }, isWhole: true, isPresent: true },
  });
  for (const broken of [{ name: null }, { password_hash: null }, { updated_at: "11" }, { created_at: "soon" }]) {
    const claim = toAccountClaim({ ...account, ...broken }, "ada", 10);
    expect(claim).toEqual({ row: undefined, isWhole: false, isPresent: true });
  }
});
