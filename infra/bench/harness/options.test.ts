import { expect, test } from "bun:test";
import type { Command } from "shared/command/define-command";
import { ConfigError } from "shared/service/environment";
import { growth, sizesOf } from "../growth/growth.ts";
import { ratios } from "../ratios/ratios.ts";
import { ROW_NAMES } from "./row.ts";

const optionsOf = (text: string) => ratios.parse(text.split(" "), {})?.options;
const growthOf = (text: string) => growth.parse(text.split(" "), {})?.options ?? {};

const faultsOf = (bench: Pick<Command, "parse">, ...args: string[]): readonly string[] => {
  try {
    bench.parse(args, {});
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
  }
  return [];
};

test("by default every row is measured, and growth from 10⁴ to 10⁶ entries on one shard and on sixteen", () => {
  expect(ratios.parse([], {})?.options).toMatchObject({ only: [...ROW_NAMES], entries: 1e6, rounds: 5, json: false });
  expect(sizesOf({})).toEqual([1e4, 1e5, 1e6]);
  expect(growth.parse([], {})?.options).toEqual({ shards: [1, 16], calls: 300, rounds: 12, json: false });
});

test("rows may be named in any order, and are measured in their own", () => {
  expect(optionsOf("--only top,submit --json")).toMatchObject({ only: ["submit", "top"], json: true });
});

test("sizes are given as numbers, as powers, or by the largest power; they are sorted, each once", () => {
  expect(growthOf("--entries 1e3,100,1000")).toMatchObject({ entries: [100, 1000] });
  expect(sizesOf(growthOf("--max 7"))).toEqual([1e4, 1e5, 1e6, 1e7]);
});

test("every invalid option of the rows is named at once", () => {
  expect(
    faultsOf(ratios, "--only", "submit,speed", "--rounds", "0", "--seconds", "0x5", "--players", "many").toSorted(),
  ).toEqual([
    `--only must be some of: ${ROW_NAMES.join(", ")}`,
    "--players must be a whole number from 1 to 20000",
    "--rounds must be a whole number from 1 to 100",
    "--seconds must be a number from 0.1 to 600",
  ]);
  const tooMany = faultsOf(ratios, "--players", "3000", "--entries", "2000");
  expect(tooMany).toEqual(["--players must not be more than --entries"]);
  expect(faultsOf(ratios, "--entires", "1e4")).toHaveLength(1);
});

test("every invalid option of growth is named at once", () => {
  expect(faultsOf(growth, "--entries", "1e4,5", "--shards", "", "--calls", "0", "--rounds", "1.5")).toEqual([
    "--entries must be whole numbers from 10 to 100000000",
    "--shards must be whole numbers from 1 to 1024",
    "--calls must be a whole number from 1 to 100000",
    "--rounds must be a whole number from 1 to 1000",
  ]);
  expect(faultsOf(growth, "--max", "9")).toEqual(["--max must be a whole number from 4 to 8"]);
  expect(faultsOf(growth, "--max", "5", "--entries", "1e4")).toEqual(["--entries and --max: say one"]);
});
