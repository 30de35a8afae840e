import { expect, test } from "bun:test";
import { ConfigError } from "shared/service/config";
import { z } from "zod";
import { growthFields, sizesOf } from "../growth/options.ts";
import { ratiosFields } from "../ratios/options.ts";
import { flag, readOptions } from "./options.ts";
import { ROW_NAMES } from "./row.ts";

const readRatiosOptions = (args: string[]) => readOptions(ratiosFields, args);
const readGrowthOptions = (args: string[]) => readOptions(growthFields, args);

const faultsOf = (read: (args: string[]) => unknown, ...args: string[]): readonly string[] => {
  try {
    read(args);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
  }
  return [];
};

test("a flag is false unless it is given", () => {
  const fields = z.object({ json: flag });
  expect([readOptions(fields, []), readOptions(fields, ["--json"])]).toEqual([{ json: false }, { json: true }]);
});

test("by default every row is measured, with a million entries and 2,000 players over 64 connections", () => {
  expect(readRatiosOptions([])).toEqual({
    only: [...ROW_NAMES],
    entries: 1e6,
    events: 200_000,
    players: 2_000,
    connections: 64,
    writes: 100,
    rounds: 5,
    seconds: 3,
    json: false,
  });
});

test("by default growth is measured from 10⁴ to 10⁶ entries, on one shard and on sixteen", () => {
  expect(sizesOf({})).toEqual([1e4, 1e5, 1e6]);
  expect(readGrowthOptions([])).toEqual({
    shards: [1, 16],
    calls: 300,
    rounds: 12,
    json: false,
  });
});

test("rows may be named in any order, and are measured in their own", () => {
  expect(readRatiosOptions(["--only", "top, submit"])?.only).toEqual(["submit", "top"]);
});

test("sizes are given as numbers, as powers, or by the largest power; they are sorted, each once", () => {
  expect(readGrowthOptions(["--entries", "1e3, 100,1000"])?.entries).toEqual([100, 1000]);
  expect(sizesOf(readGrowthOptions(["--max", "7"]) ?? {})).toEqual([1e4, 1e5, 1e6, 1e7]);
});

test("--help wins over invalid options", () => {
  expect(readRatiosOptions(["--help", "--rounds", "none"])).toBeUndefined();
  expect(readGrowthOptions(["--help", "--entries", "none"])).toBeUndefined();
});

test("every invalid option of the rows is named at once", () => {
  expect(
    faultsOf(readRatiosOptions, "--only", "submit,speed", "--rounds", "0", "--seconds", "0x5", "--players", "many"),
  ).toEqual([
    `--only must be some of: ${ROW_NAMES.join(", ")}`,
    "--rounds must be a whole number from 1 to 100",
    "--players must be a whole number from 1 to 20000",
    "--seconds must be a number from 0.1 to 600",
  ]);
  const tooMany = faultsOf(readRatiosOptions, "--players", "3000", "--entries", "2000");
  expect(tooMany).toEqual(["--players must not be more than --entries"]);
  expect(faultsOf(readRatiosOptions, "--entires", "1e4")).toHaveLength(1);
});

test("every invalid option of growth is named at once", () => {
  expect(faultsOf(readGrowthOptions, "--entries", "1e4,5", "--shards", "", "--calls", "0", "--rounds", "1.5")).toEqual([
    "--entries must be whole numbers from 10 to 100000000",
    "--shards must be whole numbers from 1 to 1024",
    "--calls must be a whole number from 1 to 100000",
    "--rounds must be a whole number from 1 to 1000",
  ]);
  expect(faultsOf(readGrowthOptions, "--max", "9")).toEqual(["--max must be a whole number from 4 to 8"]);
  expect(faultsOf(readGrowthOptions, "--max", "5", "--entries", "1e4")).toEqual(["--entries and --max: say one"]);
  expect(faultsOf(readGrowthOptions, "--entires", "1e4")).toHaveLength(1);
});
