import { expect, test } from "bun:test";
import { measureInRounds } from "./rounds.ts";

/** Cells `a` and `b`, of which each is faulty so many times first. */
function record(faulty: Record<"a" | "b", number>) {
  const calls: string[] = [];
  const cells = (["a", "b"] as const).map((name) => ({
    name,
    measure: async () => ({ order: calls.push(name), faults: faulty[name]-- > 0 ? ["broken", "late"] : [] }),
  }));
  return { calls, cells, rounds: { rounds: 1, what: "timing", say: (text: string) => void calls.push(text) } };
}

test("cells take turns, in an order that turns around from round to round", async () => {
  const { calls, cells, rounds } = record({ a: 0, b: 0 });
  const measured = await measureInRounds(cells, { ...rounds, rounds: 2 });
  expect(calls).toEqual(["timing, round 1 of 2", "b", "a", "timing, round 2 of 2", "a", "b"]);
  const orders = [...measured].map(([{ name }, figures]) => [name, ...figures.map(({ order }) => order)]);
  expect(orders).toEqual([
    ["a", 3, 5],
    ["b", 2, 6],
  ]);
});

test("a faulty cell is measured again and reported, three times at most", async () => {
  const { calls, cells, rounds } = record({ a: 1, b: 9 });
  const reported: string[] = [];
  const measured = await measureInRounds(cells, { ...rounds, onRepeat: (text) => reported.push(text) });
  expect(calls.slice(1)).toEqual(["b", "b", "b", "a", "a"]);
  expect(reported).toEqual(["b: broken, late", "b: broken, late", "a: broken, late"]);
  expect([...measured.values()].map(([figure]) => figure?.faults)).toEqual([[], ["broken", "late"]]);
});

test("without onRepeat a faulty figure is kept", async () => {
  const { calls, cells, rounds } = record({ a: 1, b: 1 });
  await measureInRounds(cells, rounds);
  expect(calls.slice(1)).toEqual(["b", "a"]);
});
