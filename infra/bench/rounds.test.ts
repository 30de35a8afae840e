import { expect, test } from "bun:test";
import { measureInRounds } from "./rounds.ts";

function record() {
  const calls: string[] = [];
  const cells = ["a", "b"].map((name) => ({
    name,
    faulty: 0,
    async measure() {
      const order = calls.push(name);
      return { order, faults: this.faulty-- > 0 ? ["broken", "late"] : [] };
    },
  }));
  return { calls, cells, onRound: (round: number) => void calls.push(`round ${round}`) };
}

const ordersOf = <C extends { name: string }>(measured: Map<C, { order: number }[]>) =>
  [...measured].map(([{ name }, figures]) => [name, figures.map(({ order }) => order)]);

test("cells take turns, there and back; the round that warms up does not count", async () => {
  const { calls, cells, onRound } = record();
  const measured = await measureInRounds(cells, { rounds: 2, warmsUp: true, onRound });
  expect(calls).toEqual(["round 0", "a", "b", "round 1", "b", "a", "round 2", "a", "b"]);
  expect(ordersOf(measured)).toEqual([
    ["a", [6, 8]],
    ["b", [5, 9]],
  ]);
});

test("what was faulty is measured anew and told, three times at the most", async () => {
  const { calls, cells, onRound } = record();
  const [a, b] = cells;
  if (a === undefined || b === undefined) throw new RangeError();
  a.faulty = 1;
  b.faulty = 9;
  const told: string[] = [];
  const onRepeat = (text: string) => void told.push(text);
  const measured = await measureInRounds(cells, { rounds: 1, warmsUp: false, onRound, onRepeat });
  expect(calls).toEqual(["round 1", "b", "b", "b", "a", "a"]);
  expect(told).toEqual(["b: broken, late", "b: broken, late", "a: broken, late"]);
  expect([...measured.values()].map(([figure]) => figure?.faults)).toEqual([[], ["broken", "late"]]);
});

test("a fault that is nobody's but ours is kept, where nothing is to be measured anew", async () => {
  const { calls, cells, onRound } = record();
  for (const cell of cells) cell.faulty = 1;
  await measureInRounds(cells, { rounds: 1, warmsUp: false, onRound });
  expect(calls).toEqual(["round 1", "b", "a"]);
});

test("what needs no warming up begins with the round that counts", async () => {
  const { calls, cells, onRound } = record();
  await measureInRounds(cells, { rounds: 1, warmsUp: false, onRound });
  expect(calls).toEqual(["round 1", "b", "a"]);
});
