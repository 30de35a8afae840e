import { main } from "shared/command/main";
import { suggest } from "shared/command/suggest";
import { ConfigError } from "shared/service/environment";
import { STACK_URL } from "../start/environment.ts";
import { COMMANDS } from "./list.ts";

const lines = COMMANDS.map(({ name, about }) => `  ${name.padEnd(12)} ${about}\n`);
const HELP = `Commands that run beside the services: on the embedded stack where it has been run, and otherwise on the stores that
the environment or .env names.

  ./lb <command> [options]

${lines.join("")}
Each has --help and --json. A command ends with 0 when it has succeeded, with 2 when it has succeeded in part, with 1
when it has failed, and with 130 or 143 when SIGINT or SIGTERM has stopped it. Results go to standard output, progress
and faults to standard error.
`;

const [name = "--help", ...args] = process.argv.slice(2);
const command = COMMANDS.find((each) => each.name === name);

/** @returns the exit code */
async function run(): Promise<number> {
  if (command !== undefined) return command.run(args, process.env);
  if (!["--help", "-h", "help"].includes(name)) {
    const names = COMMANDS.map((each) => each.name);
    const near = suggest(name, names);
    throw new ConfigError([`there is no command ${name}${near === "" ? `; there are ${names.join(", ")}` : near}`]);
  }
  process.stdout.write(HELP);
  return 0;
}

const REQUIRED = / is required$/;

/** Says why variables are missing where npm start would have named them: it has not run here. */
function explain(error: unknown): unknown {
  const hasStores = [STACK_URL, "REDIS_URL", "POSTGRES_URL"].some((variable) => process.env[variable]);
  if (!(error instanceof ConfigError) || hasStores) return error;
  const missing = error.faults.filter((fault) => REQUIRED.test(fault)).map((fault) => fault.replace(REQUIRED, ""));
  if (missing.length === 0) return error;
  const others = error.faults.filter((fault) => !REQUIRED.test(fault));
  return new ConfigError([
    `is npm start running? Without it, set ${missing.join(" and ")} in the environment or in .env`,
    ...others,
  ]);
}

const work = () =>
  run().catch((error: unknown) => {
    throw explain(error);
  });
await main(work, command === undefined ? "lb" : `lb ${name}`);
