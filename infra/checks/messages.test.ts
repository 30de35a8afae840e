import { describe, expect, test } from "bun:test";
import type { Command } from "shared/command/define-command";
import { ConfigError, parseFields } from "shared/service/environment";
import { COMMANDS } from "../commands/list.ts";
import { toStackOptions } from "../start/stack-options.ts";
import { sections } from "./variables.ts";

const BAD = [
  "\0",
  " ",
  "-1",
  "0",
  "1.5",
  "0x10",
  "1e3",
  "999999999999999999",
  "no such word",
  "true",
  "[]",
  "http:",
  "a,a",
];
/** The words of zod, which speak of types and options to the programmer. */
const OF_ZOD = /Invalid|expected|received|^undefined$/i;

const faultsOf = (work: () => unknown): readonly string[] => {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
};

describe("a value that is not valid is answered in our words, which begin with its name", () => {
  const variables = sections.flatMap((section) => section.variables);
  test.each(variables.map(({ name, field }) => [name, field] as const))("%s", (name, field) => {
    const faults = [...BAD, undefined].flatMap((value) =>
      faultsOf(() => parseFields({ [name]: field }, { [name]: value })),
    );
    for (const fault of faults) {
      expect(fault).not.toMatch(OF_ZOD);
      expect(fault).toMatch(new RegExp(`^${name} (must|is required|has a|names a)`));
    }
  });

  const commands = COMMANDS.flatMap((command) => command.parts ?? [command]) as Command[];
  const options = commands.flatMap((command) =>
    [...command.help.matchAll(/^\s+--([\w-]+) [A-Z]/gm)].map(([, option = ""]) => [command, option] as const),
  );
  test.each(options.map(([command, option]) => [command.usage, option, command] as const))(
    "%s --%s",
    (_, option, command) => {
      const env = { REDIS_URL: "redis://a", POSTGRES_URL: "postgres://a/b", JWT_SECRET: "x".repeat(32) };
      for (const value of BAD) {
        for (const fault of faultsOf(() => command.parse([`--${option}=${value}`], env))) {
          expect(fault).not.toMatch(OF_ZOD);
        }
      }
    },
  );
  test("there are options", () => expect(options.length).toBeGreaterThan(10));

  test.each(["GATEWAY_PORT", "RANKER_PORT", "DRAINER_PORT", "REDIS_PORT", "POSTGRES_PORT", "NGINX_PORT"])(
    "%s of npm start",
    (name) => {
      const flags = { fresh: false, nginx: true, "no-drainer": false };
      for (const value of BAD) {
        const faults = faultsOf(() => toStackOptions(flags, { [name]: value }, "/"));
        expect(faults).toEqual([expect.stringMatching(new RegExp(`^${name} must be `))]);
      }
    },
  );
});
