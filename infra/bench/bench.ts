import { ConfigError } from "shared/service/config";
import { growth } from "./growth.ts";
import { ratios } from "./ratios.ts";

/** What can be measured: each takes the rest of the command line, and names itself in its own `--help`. */
const benches = new Map([
  ["growth", growth],
  ["ratios", ratios],
]);

// Without a word before the options it is this one.
const MAIN = "ratios";

const args = process.argv.slice(2);
const [what = MAIN, ...rest] = args[0]?.startsWith("-") ? [MAIN, ...args] : args;
try {
  const bench = benches.get(what);
  if (bench === undefined) {
    throw new ConfigError([`${what} is none of: ${[...benches.keys()].join(", ")}`], "Nothing was measured");
  }
  await bench(rest);
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
