import { describe, expect, test } from "bun:test";
import { createSeasonHistory, type SeasonAnswer } from "./season-history.ts";

const minute = (n: number) => `2026-12-07T00:0${n}:00.000000Z`;
const answerOf = (season: number, updated_at: string): SeasonAnswer => ({
  season,
  starts_at: minute(season),
  ends_at: minute(season + 1),
  updated_at,
});
const entryOf = (season: number, score: number) => ({ season, userId: "ada", score, updatedAt: 0 });

/** 5 points were acknowledged in season 1, and 2 in season 2; 3 are unknown, 7 were refused. */
function played() {
  const history = createSeasonHistory();
  history.begin("ada", 5).acknowledge(answerOf(1, "2026-12-07T00:01:59.999999Z"));
  history.begin("ada", 2).acknowledge(answerOf(2, minute(2)));
  history.begin("ada", 3);
  history.begin("ada", 7).refuse();
  return history;
}

describe("scores of two seasons", () => {
  test.each([
    ["what was acknowledged", 5, 2, 0, 0],
    ["with the unknown write in the first season", 8, 2, 0, 0],
    ["with the unknown write in the second season", 5, 5, 0, 0],
    ["with the unknown write in both", 8, 5, 0, 3],
    ["less than was acknowledged", 5, 0, 2, 0],
    ["a write in the season behind that of its answer", 0, 7, 5, 2],
    ["with the refused write", 5, 9, 0, 4],
  ])("%s", (_, first, second, lost, doubled) => {
    const verdict = played().judge([entryOf(1, first), entryOf(2, second)]);
    expect(verdict).toMatchObject({ lost, doubled });
    expect(verdict.faults.length > 0).toBe(lost + doubled > 0);
  });

  test("a player who is in a season twice is a fault, and so is one who never wrote", () => {
    const twice = played().judge([entryOf(1, 5), entryOf(1, 5), entryOf(2, 2)]);
    expect(twice.faults).toEqual(["ada is in season 1 twice"]);
    const stranger = played().judge([entryOf(1, 5), entryOf(2, 2), { ...entryOf(1, 4), userId: "eve" }]);
    expect(stranger).toMatchObject({ lost: 0, doubled: 4 });
  });
});

test.each([
  ["at its end", answerOf(1, minute(2))],
  ["before its start", answerOf(2, "2026-12-07T00:01:59.999999Z")],
  ["with another end than before", { ...answerOf(1, minute(1)), ends_at: "2026-12-07T00:01:30Z" }],
])("an answer %s is a fault", (_, answer) => {
  const history = played();
  history.begin("bob", 1).acknowledge(answer);
  expect(history.judge([]).faults).toHaveLength(1 + 2 + 1);
});
