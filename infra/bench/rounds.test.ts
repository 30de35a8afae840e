import { expect, test } from "bun:test";
import { measureInRounds } from "./rounds.ts";

function record() {
  const calls: string[] = [];
  const cells = ["a", "b"].map((name) => ({ name, measure: async () => calls.push(name) }));
  return { calls, cells, onRound: (round: number) => void calls.push(`round ${round}`) };
}

test("cells take turns, there and back; the round that warms up does not count", async () => {
  const { calls, cells, onRound } = record();
  const measured = await measureInRounds(cells, { rounds: 2, warmsUp: true, onRound });
  expect(calls).toEqual(["round 0", "a", "b", "round 1", "b", "a", "round 2", "a", "b"]);
  expect([...measured].map(([{ name }, figures]) => [name, figures])).toEqual([
    ["a", [6, 8]],
    ["b", [5, 9]],
  ]);
});

test("what needs no warming up begins with the round that counts", async () => {
  const { calls, cells, onRound } = record();
  await measureInRounds(cells, { rounds: 1, warmsUp: false, onRound });
  expect(calls).toEqual(["round 1", "b", "a"]);
});
