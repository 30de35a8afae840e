import { expect, test } from "bun:test";
import type { Load, LoadCell } from "./load.ts";
import { type Comparison, compareRates, cpuOf, judge, measureComparisons, type Row } from "./row.ts";

const aims = [{ of: "ratio", at: "least", value: 0.7 }] as const;
const texts = { row: "submit", what: "submit at the ranker", yardstick: "redis-benchmark", aims } as const;

const toLoad = (ratePerSecond: number, more: Partial<Load> = {}): Load => ({
  ratePerSecond,
  items: 10,
  seconds: 1,
  cpuUs: {},
  faults: [],
  ...more,
});

/** Gives one of these loads, or rates, a round. */
function toCell(name: string, loads: readonly (Load | number)[], calls: string[] = []): LoadCell {
  const left = [...loads];
  return {
    name,
    async measure() {
      calls.push(name);
      const next = left.shift() ?? Number.NaN;
      return typeof next === "number" ? toLoad(next) : next;
    },
  };
}

const measure = (rounds: number, ...comparisons: Comparison[]) =>
  measureComparisons(comparisons, { rounds, what: "timing", say: () => {} });

/** The one row, and its verdict. */
async function judged(rounds: number, comparison: Comparison): Promise<Partial<Row> & { verdict: string }> {
  const [row] = (await measure(rounds, comparison)).rows;
  if (row === undefined) throw new Error("there is no row");
  return { ...row, verdict: judge(row) };
}

test("a load that several rows compare is measured once a round", async () => {
  const calls: string[] = [];
  const [bare, ranker, gateway] = [
    toCell("bare", [1, 1], calls),
    toCell("r", [1, 1], calls),
    toCell("g", [1, 1], calls),
  ];
  const { loads } = await measure(2, compareRates(texts, ranker, bare), compareRates(texts, gateway, ranker));
  expect(calls).toEqual(["g", "r", "bare", "bare", "r", "g"]);
  expect(loads.map(({ load }) => load)).toEqual(["bare", "r", "g"]);
});

test("a rate is compared with the yardstick of the same round, and the median ratio with the aim", async () => {
  const theirs = toCell("yardstick", [1000, 500, 1000]);
  const row = await judged(3, compareRates(texts, toCell("ranker", [600, 350, 900]), theirs));
  expect(row).toMatchObject({ ratio: { median: 0.7, least: 0.6, greatest: 0.9 }, faults: [], verdict: "holds" });
});

test("refused requests make a row invalid even when its ratio meets the aim", async () => {
  const faults = ["1 of 10 requests were refused"];
  const ours = toCell("ranker", [toLoad(9, { faults })]);
  const row = await judged(1, compareRates(texts, ours, toCell("yardstick", [10])));
  expect(row).toMatchObject({ faults, verdict: "INVALID" });
});

test("the CPU time of the gateway is compared with that of the ranker under the same load", async () => {
  const cell = toCell("gateway", [toLoad(10, { cpuUs: { gateway: 90, ranker: 100 } })]);
  const sides = { ours: cpuOf(["gateway"], cell), theirs: cpuOf(["ranker"], cell) };
  const row = await judged(1, { ...texts, ...sides, unit: "µs", aims: [{ of: "ratio", at: "most", value: 0.8 }] });
  expect(row).toMatchObject({
    ours: { median: 90 },
    theirs: { median: 100 },
    ratio: { median: 0.9 },
    verdict: "MISSED",
  });
});
