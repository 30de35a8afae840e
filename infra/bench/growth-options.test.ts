import { expect, test } from "bun:test";
import { ConfigError } from "shared/service/config";
import { readGrowthOptions } from "./growth-options.ts";

const faultsOf = (...args: string[]): readonly string[] => {
  try {
    readGrowthOptions(args);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
  }
  return [];
};

test("without anything said: 10⁴ to 10⁶ entries, on one shard and on sixteen", () => {
  expect(readGrowthOptions([])).toEqual({
    entries: [1e4, 1e5, 1e6],
    shards: [1, 16],
    calls: 300,
    rounds: 12,
    asJson: false,
  });
});

test("sizes are given as numbers, as powers, or by the largest of them; in order, each once", () => {
  expect(readGrowthOptions(["--entries", "1e3, 100,1000"])?.entries).toEqual([100, 1000]);
  expect(readGrowthOptions(["--max", "7"])?.entries).toEqual([1e4, 1e5, 1e6, 1e7]);
});

test("--help asks for nothing else", () => {
  expect(readGrowthOptions(["--help", "--entries", "none"])).toBeUndefined();
});

test("faults are named, all at once", () => {
  expect(faultsOf("--entries", "1e4,5", "--shards", "", "--calls", "0", "--rounds", "1.5")).toEqual([
    "--entries must be whole numbers from 10 to 100000000",
    "--shards must be whole numbers from 1 to 1024",
    "--calls must be a whole number from 1 to 100000",
    "--rounds must be a whole number from 1 to 1000",
  ]);
  expect(faultsOf("--max", "9")).toEqual(["--max must be a whole number from 4 to 8"]);
  expect(faultsOf("--max", "5", "--entries", "1e4")).toEqual(["--entries and --max: say one"]);
  expect(faultsOf("--entires", "1e4")).toHaveLength(1);
});
