import { ConfigError } from "shared/config";
import { growth } from "./bench/growth.ts";

/** What can be measured: each takes the rest of the command line, and names itself in its own `--help`. */
const benches = new Map([["growth", growth]]);

const HELP = `Measures what the leaderboard costs, on servers of its own that it starts and removes.

  bun run bench WHAT [options]

  growth    what a call and a player cost as the board grows, on one shard and on sixteen

  bun run bench WHAT --help says more.
`;

const [what = "", ...args] = process.argv.slice(2);
try {
  const bench = benches.get(what);
  if (bench !== undefined) await bench(args);
  else if (["", "--help", "-h"].includes(what)) process.stdout.write(HELP);
  else throw new ConfigError([`${what} is none of: ${[...benches.keys()].join(", ")}`], "Nothing was measured");
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
