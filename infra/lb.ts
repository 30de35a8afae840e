import { ConfigError } from "shared/config";
import { COMMANDS, type CommandName, HELP } from "./commands/list.ts";

const isCommand = (name: string): name is CommandName => Object.hasOwn(COMMANDS, name);

/** `bun run lb <command>`: everything that is done beside the running services. @returns the exit code */
async function run([name = "--help", ...args]: string[]): Promise<number> {
  if (isCommand(name)) {
    const command = await COMMANDS[name].load();
    return command(args, process.env);
  }
  if (["--help", "-h", "help"].includes(name)) {
    process.stdout.write(HELP);
    return 0;
  }
  throw new ConfigError([`there is no command ${name}; there are ${Object.keys(COMMANDS).join(", ")}`], "lb");
}

// Who reads only a part of the output, as `head` does, is served.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
