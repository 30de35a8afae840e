import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { applyChanges } from "leaderboard-client";
import type { Entry } from "../api/entries.ts";
import { type BoardState, diffBoards } from "./board-changes.ts";

const entryOf = (user_id: string, score: number, region = "EU"): Omit<Entry, "rank"> => ({
  user_id,
  region,
  score,
  name: `Name of ${user_id}`,
  updated_at: `2026-01-01T00:00:00.${score}Z`,
});

function stateOf(entries: Omit<Entry, "rank">[], total = entries.length): BoardState {
  const ranked = entries.map((entry, index) => ({ ...entry, rank: index + 1 }));
  return { region: "GLOBAL", board: "main", total, entries: ranked };
}

const [ada, bob, cy] = [entryOf("ada", 30), entryOf("bob", 20), entryOf("cy", 10)];
const nothing = { left: [], entered: [], changed: [], moved: [] };

describe("the changes from one state to the next", () => {
  test.each([
    ["nothing", [ada, bob], [ada, bob], {}],
    ["a new first", [bob], [ada, bob], { entered: [{ ...ada, rank: 1 }], moved: [{ user_id: "bob", rank: 2 }] }],
    ["one who is gone", [ada, bob], [bob], { left: [{ user_id: "ada" }], moved: [{ user_id: "bob", rank: 1 }] }],
    ["a score in place", [bob, cy], [entryOf("bob", 21), cy], { changed: [{ ...entryOf("bob", 21), rank: 1 }] }],
    [
      "a score that overtakes",
      [ada, bob],
      [entryOf("bob", 40), ada],
      { changed: [{ ...entryOf("bob", 40), rank: 1 }], moved: [{ user_id: "ada", rank: 2 }] },
    ],
    [
      "a tier that is lost to another",
      [{ ...ada, tier: "gold" }],
      [
        { ...bob, tier: "gold" },
        { ...ada, tier: "rest" },
      ],
      { entered: [{ ...bob, tier: "gold", rank: 1 }], changed: [{ ...ada, tier: "rest", rank: 2 }] },
    ],
    ["another name", [ada], [{ ...ada, name: "Ada L." }], { changed: [{ ...ada, name: "Ada L.", rank: 1 }] }],
  ])("%s", (_, before, after, expected) => {
    expect(diffBoards(stateOf(before), stateOf(after))).toMatchObject({ ...nothing, total: after.length, ...expected });
  });
});

test("the total is reported even when no visible entry has changed", () => {
  expect(diffBoards(stateOf([ada], 1), stateOf([ada], 7))).toEqual({ ...nothing, total: 7 });
});

/** Any order of any players, one of whom may stand in two regions. */
const anyState = fc
  .record({
    total: fc.nat(),
    entries: fc.uniqueArray(
      fc.record({
        user_id: fc.constantFrom("a", "b", "c", "d", "e", "f"),
        region: fc.constantFrom("EU", "NA"),
        score: fc.nat({ max: 3 }),
        tier: fc.constantFrom(null, "gold", "rest"),
      }),
      { selector: ({ user_id, region }) => `${region}/${user_id}` },
    ),
  })
  .map(({ total, entries }) =>
    stateOf(
      entries.map(({ tier, ...e }) => ({
        ...entryOf(e.user_id, e.score, e.region),
        tier,
      })),
      total,
    ),
  );

test("changes applied to the state before give the state after, and name each entry at most once", () => {
  const holds = fc.property(anyState, anyState, (before, after) => {
    const changes = diffBoards(before, after);
    expect(applyChanges(before, changes)).toEqual(after);
    const names = [...changes.left, ...changes.entered, ...changes.changed, ...changes.moved];
    expect(new Set(names.map(({ user_id, region }) => `${region}/${user_id}`)).size).toBe(names.length);
  });
  fc.assert(holds, { numRuns: 2_000 });
});

test("changes between equal states are empty", () => {
  const holds = fc.property(anyState, (state) => {
    expect(diffBoards(state, state)).toEqual({ ...nothing, total: state.total });
  });
  fc.assert(holds);
});
