import { expect, test } from "bun:test";
import { toArrival } from "shared/base/times";
import { formatRecord } from "shared/entries/records";
import { type FoundEntry, toAccountClaim, toEntryClaim } from "./redis-claims.ts";

const record = { place: toArrival(100), updatedAt: "200", rankedScore: "7", score: "7", sub: null, name: "Ada" };
const found: FoundEntry = { record: formatRecord(record), details: null, score: "7", stray: null };
const row = {
  board: "main",
  user_id: "ada",
  name: "Ada",
  region: "EU",
  score: "7",
  reached_at: "100",
  updated_at: "200",
  sort_key: null,
  sub: null,
  sub_key: null,
  attempts: null,
  metadata: null,
};
const stray = { member: `${toArrival(90)}ada`, score: "3" };
const claimOf = (entry: FoundEntry) =>
  toEntryClaim(entry, "ada", { board: "main", region: "EU", latestVersion: 1_000 });

test("an entry whose record and ranking agree is whole", () => {
  expect(claimOf(found)).toEqual({ row, isWhole: true, isPresent: true });
});

test("a player without any value has no entry", () => {
  const none = { record: null, details: null, score: null, stray: null };
  expect(claimOf(none)).toEqual({ row: undefined, isWhole: false, isPresent: false });
});

const but = (change: Partial<typeof record>) => ({ record: formatRecord({ ...record, ...change }) });
const cases: [string, Partial<FoundEntry>, Partial<typeof row> | undefined][] = [
  ["a score that the record does not have", { score: "8" }, { score: "7" }],
  ["a record without its score", but({ score: "", rankedScore: "" }), { score: "7" }],
  ["a record whose score is no integer", but({ score: "7.5", rankedScore: "7.5" }), { score: "7" }],
  ["a score that is no integer", { score: "7.5" }, { score: "7" }],
  ["no member: the record has the score", { score: null }, { score: "7" }],
  ["a second member", { stray }, {}],
  ["a record that names no member, and a member", { score: null, stray }, {}],
  ["no record, but a member", { record: null, score: null, stray }, undefined],
  ["a record that is none", { record: "soon", score: null }, undefined],
  ["an arrival that is none", but({ place: "soon" }), undefined],
  ["an arrival of too few digits", but({ place: "7" }), undefined],
  ["no version: the arrival is the best that is known", but({ updatedAt: "" }), { updated_at: "100" }],
  ["a version from the future", but({ updatedAt: "1001" }), { updated_at: "100" }],
  ["a version that is none", but({ updatedAt: "soon" }), { updated_at: "100" }],
  ["no name", but({ name: "" }), undefined],
  ["a score that the ranked one does not follow from", but({ score: "8" }), undefined],
  ["details that are none", { details: "soon" }, {}],
  ["metadata that is no JSON", { details: "2 {a}" }, {}],
];
test.each(cases)("%s: not whole", (_, change, claimed) => {
  const claim = claimOf({ ...found, ...change });
  expect(claim).toEqual({ row: claimed && { ...row, ...claimed }, isWhole: false, isPresent: true });
});

test("an account with a missing or invalid field is not whole", () => {
  const account = { name: "Ada", region: "EU", password_hash: "", created_at: "5", updated_at: "6" };
  const absent = { device_hash: null, password_at: null };
  expect(toAccountClaim({ ...account, ...absent }, "ada", 10)).toEqual({
    row: { user_id: "ada", ...account, device_hash: "", password_at: "" },
    isWhole: true,
    isPresent: true,
  });
  for (const broken of [{ name: null }, { password_hash: null }, { updated_at: "11" }, { created_at: "soon" }]) {
    const claim = toAccountClaim({ ...account, ...absent, ...broken }, "ada", 10);
    expect(claim).toEqual({ row: undefined, isWhole: false, isPresent: true });
  }
});
