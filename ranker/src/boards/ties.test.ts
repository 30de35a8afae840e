import { expect, test } from "bun:test";
import type { Entry } from "shared/api/entries";
import { type Board, configuredBoard } from "shared/model/board";
import { isBetter, shareRanks } from "./ties.ts";

const board = configuredBoard("main");
const withSub: Board = { ...board, sub: "desc" };

const entry = (rank: number, score: number, sub?: number): Entry => {
  const shown: Entry = { rank, user_id: `p${rank}`, name: "", region: "EU", score, updated_at: "" };
  return sub === undefined ? shown : { ...shown, sub };
};
const ranksOf = (entries: readonly Entry[]) => entries.map(({ rank }) => rank);

test("equal scores share the rank of the first of them: 1, 2, 2, 4", () => {
  const page = [9, 8, 8, 7, 7, 7, 1].map((score, index) => entry(index + 1, score));
  expect(ranksOf(shareRanks(board, page, { first: 1, total: 7 }))).toEqual([1, 2, 2, 4, 4, 4, 7]);
  expect(shareRanks(board, [], { first: 1, total: 0 })).toEqual([]);
});

test("a page that begins within a tie goes on with its rank, and the next page begins with 4", () => {
  const page = [entry(3, 8), entry(4, 7), entry(5, 7)];
  expect(ranksOf(shareRanks(board, page, { first: 2, total: 5 }))).toEqual([2, 4, 4]);
});

test("a sub-score parts equal scores, and entries of another one share a rank", () => {
  const page = [entry(1, 5, 2), entry(2, 5, 1), entry(3, 5, 1), entry(4, 5, 0)];
  expect(ranksOf(shareRanks(withSub, page, { first: 1, total: 4 }))).toEqual([1, 2, 2, 4]);
});

test("tiers follow the rank that is shown, and the entries by arrival stay as they are", () => {
  const tiered: Board = { ...board, tiers: { by: "rank", steps: [{ id: "gold", upto: 1 }, { id: "rest" }] } };
  const page = [
    { ...entry(1, 5), tier: "gold" },
    { ...entry(2, 5), tier: "rest" },
  ];
  expect(shareRanks(tiered, page, { first: 1, total: 2 }).map(({ tier }) => tier)).toEqual(["gold", "gold"]);
  expect(page.map(({ tier }) => tier)).toEqual(["gold", "rest"]);
});

test("no entry has a shared rank behind its own, also where the counts are of different moments", () => {
  expect(ranksOf(shareRanks(board, [entry(3, 8), entry(4, 8)], { first: 9, total: 9 }))).toEqual([3, 3]);
});

test("an entry is better by its score and by its sub-score, never by its arrival", () => {
  const at = (score: number, subKey: string, arrival: string) => ({ score, member: `${subKey}${arrival}ada` });
  const [one, two] = ["0000000000000001", "0000000000000002"];
  expect(isBetter(board, at(2, "", one), at(1, "", two))).toBe(true);
  expect(isBetter(board, at(1, "", two), at(1, "", one))).toBe(false);
  expect(isBetter(withSub, at(1, two, one), at(1, one, two))).toBe(true);
  expect(isBetter(withSub, at(1, one, two), at(1, one, one))).toBe(false);
});
