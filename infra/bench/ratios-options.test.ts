import { expect, test } from "bun:test";
import { ConfigError } from "shared/service/config";
import { readRatiosOptions } from "./ratios-options.ts";
import { ROW_NAMES } from "./rows.ts";

const faultsOf = (...args: string[]): readonly string[] => {
  try {
    readRatiosOptions(args);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
  }
  return [];
};

test("without anything said: every row, of a million entries and 2,000 players over 64 connections", () => {
  expect(readRatiosOptions([])).toMatchObject({
    rows: [...ROW_NAMES],
    entries: 1e6,
    players: 2_000,
    connections: 64,
    rounds: 5,
    seconds: 3,
    asJson: false,
  });
});

test("rows are named in any order, and measured in their own", () => {
  expect(readRatiosOptions(["--only", "top, submit"])?.rows).toEqual(["submit", "top"]);
});

test("--help asks for nothing else", () => {
  expect(readRatiosOptions(["--help", "--rounds", "none"])).toBeUndefined();
});

test("faults are named, all at once", () => {
  expect(faultsOf("--only", "submit,speed", "--rounds", "0", "--seconds", "0x5", "--players", "many")).toEqual([
    `--only must be some of: ${ROW_NAMES.join(", ")}`,
    "--rounds must be a whole number from 1 to 100",
    "--players must be a whole number from 1 to 20000",
    "--seconds must be a number from 0.1 to 600",
  ]);
  expect(faultsOf("--players", "3000", "--entries", "2000")).toEqual(["--players must not be more than --entries"]);
  expect(faultsOf("--entires", "1e4")).toHaveLength(1);
});
