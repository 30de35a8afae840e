import { ConfigError } from "shared/service/config";
import { growth } from "./growth/growth.ts";
import { live } from "./live/live.ts";
import { ratios } from "./ratios/ratios.ts";

/** The measurements by name; each takes the rest of the command line. */
const benches = new Map([
  ["ratios", ratios],
  ["growth", growth],
  ["live", live],
]);

// The name may be left out.
const MAIN = "ratios";

const args = process.argv.slice(2);
const [name = MAIN, ...rest] = args[0]?.startsWith("-") ? [MAIN, ...args] : args;
try {
  const bench = benches.get(name);
  if (bench === undefined) {
    throw new ConfigError([`${name} is none of: ${[...benches.keys()].join(", ")}`], "Nothing was measured");
  }
  await bench(rest);
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
