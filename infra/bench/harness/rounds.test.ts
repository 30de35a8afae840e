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

test("cells take turns in alternating order, and the warm-up round does not count", async () => {
  const { calls, cells, onRound } = record();
  const measured = await measureInRounds(cells, { rounds: 2, warmsUp: true, onRound });
  expect(calls).toEqual(["round 0", "a", "b", "round 1", "b", "a", "round 2", "a", "b"]);
  expect(ordersOf(measured)).toEqual([
    ["a", [6, 8]],
    ["b", [5, 9]],
  ]);
});

test("a faulty cell is measured again and reported, three times at most", async () => {
  const { calls, cells, onRound } = record();
  const [a, b] = cells;
  if (a === undefined || b === undefined) throw new RangeError();
  a.faulty = 1;
  b.faulty = 9;
  const reported: string[] = [];
  const onRepeat = (text: string) => void reported.push(text);
  const measured = await measureInRounds(cells, { rounds: 1, warmsUp: false, onRound, onRepeat });
  expect(calls).toEqual(["round 1", "b", "b", "b", "a", "a"]);
  expect(reported).toEqual(["b: broken, late", "b: broken, late", "a: broken, late"]);
  expect([...measured.values()].map(([figure]) => figure?.faults)).toEqual([[], ["broken", "late"]]);
});

test("without onRepeat a faulty figure is kept", async () => {
  const { calls, cells, onRound } = record();
  for (const cell of cells) cell.faulty = 1;
  await measureInRounds(cells, { rounds: 1, warmsUp: false, onRound });
  expect(calls).toEqual(["round 1", "b", "a"]);
});

test("without a warm-up the first round counts", async () => {
  const { calls, cells, onRound } = record();
  await measureInRounds(cells, { rounds: 1, warmsUp: false, onRound });
  expect(calls).toEqual(["round 1", "b", "a"]);
});
