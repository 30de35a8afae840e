import { main } from "shared/command/main";
import { ConfigError } from "shared/service/config";
import { COMMANDS } from "./list.ts";

const lines = COMMANDS.map(({ name, about }) => `  ${name.padEnd(12)} ${about}\n`);
const HELP = `Commands that run beside the services: on the embedded stack where it has been run, and otherwise on the stores that
the environment or .env names.

  bun run lb <command> [options]

${lines.join("")}
Each has --help and --json. A command ends with 0 when it has succeeded, with 2 when it has succeeded in part, with 1
when it has failed, and with 130 or 143 when SIGINT or SIGTERM has stopped it. Results go to standard output, progress
and faults to standard error.
`;

/** `bun run lb <command>`. @returns the exit code */
async function run([name = "--help", ...args]: string[]): Promise<number> {
  const command = COMMANDS.find((each) => each.name === name);
  if (command !== undefined) return command.run(args, process.env);
  if (!["--help", "-h", "help"].includes(name)) {
    const names = COMMANDS.map((each) => each.name).join(", ");
    throw new ConfigError([`there is no command ${name}; there are ${names}`], "lb");
  }
  process.stdout.write(HELP);
  return 0;
}

await main(() => run(process.argv.slice(2)));
