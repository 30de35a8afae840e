import { main } from "shared/command/main";
import { ConfigError } from "shared/service/environment";
import { growth } from "./growth/growth.ts";
import { live } from "./live/live.ts";
import { ratios } from "./ratios/ratios.ts";

const benches = [ratios, growth, live];

// `ratios` is the bench that runs when the command line names none.
const args = process.argv.slice(2);
const [name, ...rest] = args[0]?.startsWith("-") === false ? args : [ratios.name, ...args];

await main(async () => {
  const bench = benches.find((each) => each.name === name);
  if (bench !== undefined) return bench.run(rest, process.env);
  const names = benches.map((each) => each.name).join(", ");
  throw new ConfigError([`there is no bench ${name}; there are ${names}`]);
}, "bench");
