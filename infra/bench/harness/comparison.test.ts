import { expect, test } from "bun:test";
import { type Comparison, cpuOf, measureComparisons, rateOf } from "./comparison.ts";
import type { Load, LoadCell } from "./load.ts";
import { judge } from "./row.ts";

const toLoad = (ratePerSecond: number, more: Partial<Load> = {}): Load => ({
  ratePerSecond,
  items: 10,
  seconds: 1,
  cpuUs: {},
  faults: [],
  ...more,
});

/** Gives one of these loads a round. */
function toCell(name: string, loads: readonly Load[], calls: string[] = []): LoadCell {
  let round = 0;
  return {
    name,
    async measure() {
      calls.push(name);
      return loads[round++] ?? toLoad(Number.NaN);
    },
  };
}

const toComparison = (sides: Pick<Comparison, "ours" | "theirs">, more: Partial<Comparison> = {}): Comparison => ({
  row: "submit",
  what: "submit at the ranker",
  yardstick: "redis-benchmark",
  unit: "/s",
  aims: [{ of: "ratio", at: "least", value: 0.7 }],
  ...sides,
  ...more,
});

const measure = (comparisons: readonly Comparison[], rounds: number) =>
  measureComparisons(comparisons, { rounds, warmsUp: false, onRound: () => {} });

test("a load that several rows compare is measured once a round", async () => {
  const calls: string[] = [];
  const [bare, ranker, gateway] = ["bare", "ranker", "gateway"].map((name) =>
    toCell(name, [toLoad(10), toLoad(10)], calls),
  ) as [LoadCell, LoadCell, LoadCell];
  const rows = [
    toComparison({ theirs: rateOf(bare), ours: rateOf(ranker) }),
    toComparison({ theirs: rateOf(ranker), ours: rateOf(gateway) }),
  ];
  const { loads } = await measure(rows, 2);
  expect(calls).toEqual(["gateway", "ranker", "bare", "bare", "ranker", "gateway"]);
  expect(loads.map(({ load }) => load)).toEqual(["bare", "ranker", "gateway"]);
});

test("a rate is compared with the yardstick of the same round, and the median ratio with the aim", async () => {
  const theirs = rateOf(
    toCell(
      "yardstick",
      [1000, 500, 1000].map((rate) => toLoad(rate)),
    ),
  );
  const ours = rateOf(
    toCell(
      "ranker",
      [600, 350, 900].map((rate) => toLoad(rate)),
    ),
  );
  const [row] = (await measure([toComparison({ theirs, ours })], 3)).rows;
  expect(row).toMatchObject({ row: "submit", ratio: { median: 0.7, least: 0.6, greatest: 0.9 }, faults: [] });
  expect(row && judge(row)).toBe("holds");
});

test("refused requests make a row invalid even when its ratio meets the aim", async () => {
  const faults = ["1 of 10 requests were refused"];
  const theirs = rateOf(toCell("yardstick", [toLoad(10)]));
  const ours = rateOf(toCell("ranker", [toLoad(9, { faults })]));
  const [row] = (await measure([toComparison({ theirs, ours })], 1)).rows;
  expect(row?.faults).toEqual(faults);
  expect(row && judge(row)).toBe("INVALID");
});

test("the CPU time of the gateway is compared with that of the ranker under the same load", async () => {
  const cell = toCell("gateway", [toLoad(10, { cpuUs: { gateway: 90, ranker: 100 } })]);
  const sides = { ours: cpuOf("gateway", cell), theirs: cpuOf("ranker", cell) };
  const row = toComparison(sides, { row: "cpu", aims: [{ of: "ratio", at: "most", value: 0.8 }] });
  const [measured] = (await measure([row], 1)).rows;
  expect(measured).toMatchObject({ row: "cpu", ours: { median: 90 }, theirs: { median: 100 }, ratio: { median: 0.9 } });
  expect(measured && judge(measured)).toBe("MISSED");
});
