import { expect, test } from "bun:test";
import { measureInRounds } from "./rounds.ts";

test("cells take turns, there and back; the first round does not count", async () => {
  const calls: string[] = [];
  const cellOf = (name: string) => ({ name, measure: async () => calls.push(name) });
  const [a, b] = [cellOf("a"), cellOf("b")];
  const measured = await measureInRounds([a, b], 2, (round) => calls.push(`round ${round}`));
  expect(calls).toEqual(["round 0", "a", "b", "round 1", "b", "a", "round 2", "a", "b"]);
  expect(measured.get(a)).toEqual([6, 8]);
  expect(measured.get(b)).toEqual([5, 9]);
});
