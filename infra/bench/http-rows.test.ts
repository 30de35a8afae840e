import { expect, test } from "bun:test";
import type { RouteLoads } from "./http-loads.ts";
import { toHttpRows, waysOf } from "./http-rows.ts";
import { judge } from "./rows.ts";

const loads = (
  route: RouteLoads["route"],
  through: RouteLoads["through"],
  rates: readonly number[],
  more: { cpuUs?: Record<string, number>; faults?: string[] } = {},
): RouteLoads => ({
  route,
  through,
  loads: rates.map((ratePerSecond) => ({
    ratePerSecond,
    requests: 10,
    seconds: 1,
    p50Ms: 1,
    p99Ms: 2,
    cpuUs: {},
    faults: [],
    ...more,
  })),
});

test("a row asks for the ways that it compares, each once, the yardstick first", () => {
  expect([...waysOf(["proxy", "submit", "cpu"])]).toEqual([
    ["submit", ["yardstick", "ranker", "nginx", "gateway"]],
    ["rank", ["nginx", "gateway"]],
    ["top", ["nginx", "gateway"]],
  ]);
  expect([...waysOf(["cpu"]).values()].flat()).toEqual(["gateway", "gateway", "gateway"]);
  expect(waysOf([]).size).toBe(0);
});

test("a rate is held against the yardstick's of the same round, and its median against the aim", () => {
  const [row] = toHttpRows(
    ["submit"],
    [loads("submit", "yardstick", [1000, 500, 1000]), loads("submit", "ranker", [600, 350, 900])],
  );
  expect(row).toMatchObject({ row: "submit", ratio: { median: 0.7, least: 0.6, greatest: 0.9 }, faults: [] });
  expect(row && judge(row)).toBe("holds");
});

test("what was refused makes the row invalid, whatever its ratio", () => {
  const faults = ["1 of 10 answers were refusals"];
  const [row] = toHttpRows(["rank"], [loads("rank", "yardstick", [10]), loads("rank", "ranker", [9], { faults })]);
  expect(row?.faults).toEqual(faults);
  expect(row && judge(row)).toBe("INVALID");
});

test("the gateway's CPU is held against the ranker's of the same load", () => {
  const [row] = toHttpRows(["cpu"], [loads("rank", "gateway", [10], { cpuUs: { gateway: 90, ranker: 100 } })]);
  expect(row).toMatchObject({ row: "cpu", ours: { median: 90 }, theirs: { median: 100 }, ratio: { median: 0.9 } });
  expect(row && judge(row)).toBe("MISSED");
});

test("a row of which a side is not there is left out", () => {
  expect(toHttpRows(["proxy"], [loads("submit", "gateway", [10])])).toEqual([]);
});
