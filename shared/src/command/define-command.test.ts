import { expect, test } from "bun:test";
import { z } from "zod";
import { ConfigError, wholeNumber } from "../service/environment.ts";
import { defineCommand, flag, value } from "./define-command.ts";

const sail = defineCommand({
  name: "sail",
  about: "Sails.",
  usage: "bun run sail [SHIP] [options]",
  positionals: z.array(z.string()).max(1, "one SHIP at most"),
  options: {
    knots: value("N", "how fast", wholeNumber(1, 40).default(5)),
    to: value("PORT", "where to", z.string().optional()),
    "at-night": flag("sails at night"),
  },
  notes: "Ends with 0.",
  check: ({ knots, to }) => (to === "rome" && knots !== 9 ? ["--to rome must be reached at 9 knots"] : []),
  run: async ({ options: { knots } }) => knots,
});

const faultsOf = (...args: string[]): readonly string[] => {
  try {
    sail.parse(args, {});
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
  }
  return [];
};

test("options that are not given have their defaults", () => {
  expect(sail.parse([], {})).toMatchObject({ options: { knots: 5, "at-night": false }, positionals: [] });
});

test("options and positionals are parsed by their schemas, and the exit code is that of the work", async () => {
  const args = ["Beagle", "--knots", "12", "--at-night", "--to=lima"];
  expect(sail.parse(args, { A: "b" })).toEqual({
    options: { knots: 12, to: "lima", "at-night": true },
    positionals: ["Beagle"],
    env: { A: "b" },
  });
  expect(await sail.run(args, {})).toBe(12);
});

test("--help and -h win over options that are not valid", () => {
  for (const help of ["--help", "-h"]) expect(sail.parse([help, "--knots", "none"], {})).toBeUndefined();
});

test("faults are reported all at once, each with its option", () => {
  expect(faultsOf("--knots", "0", "--to", "rome", "Beagle", "Bounty")).toEqual([
    "--to rome must be reached at 9 knots",
    "--knots must be from 1 to 40",
    "one SHIP at most",
  ]);
});

test("an option that does not exist, or lacks its value, is named", () => {
  expect(faultsOf("--konts", "5")).toEqual([expect.stringContaining("--konts")]);
  expect(faultsOf("--knots")).toEqual([expect.stringContaining("--knots")]);
});

test("a command without positionals refuses them", () => {
  const bare = defineCommand({ name: "x", about: "", usage: "", options: {}, notes: "", run: async () => 0 });
  expect(() => bare.parse(["now"], {})).toThrow(ConfigError);
});

test("the help is written from the declaration", () => {
  expect(sail.help).toBe(`Sails.

  bun run sail [SHIP] [options]

  --knots N   how fast (default: 5)
  --to PORT   where to
  --at-night  sails at night
  --help      shows this

Ends with 0.
`);
});
