import { describe, expect, test } from "bun:test";
import { createHistory } from "./history.ts";

/**
 * One player with an acknowledged write of 5 points, an unknown one of 3 and a refused one of 7.
 */
function played() {
  const history = createHistory();
  const ada = history.add("ada");
  history.begin(ada, 5).acknowledge();
  history.begin(ada, 3);
  history.begin(ada, 7).refuse();
  return history;
}

describe("a score", () => {
  test.each([
    ["what was acknowledged", 5, 0, 0],
    ["with the unknown write", 8, 0, 0],
    ["less than was acknowledged", 4, 1, 0],
    ["more than was sent", 9, 0, 1],
    ["with the refused write", 15, 0, 7],
  ])("of %s", (_, score, lost, doubled) => {
    const verdict = played().judge(new Map([["ada", score]]));
    expect(verdict).toMatchObject({ lost, doubled });
    expect(verdict.faults).toHaveLength(lost + doubled > 0 ? 1 : 0);
  });

  test("that is missing is a loss, and the fault names the player", () => {
    expect(played().judge(new Map())).toEqual({
      lost: 5,
      doubled: 0,
      faults: ["ada has 0: 5 were acknowledged, 3 more were sent"],
    });
  });
});

test("the longest outage is the longest time between two acknowledgements", () => {
  let nowMs = 0;
  const history = createHistory(() => nowMs);
  const ada = history.add("ada");
  for (nowMs of [1000, 1010, 1500, 1510]) history.begin(ada, 1).acknowledge();
  expect([history.writes, history.longestOutageMs]).toEqual([4, 490]);
});
