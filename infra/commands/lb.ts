import { redactSecrets } from "shared/log/redact";
import { ConfigError } from "shared/service/config";
import { COMMANDS, type CommandName, HELP } from "./list.ts";

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

/** Bun would print every member of an error that nothing catches, and an error of Redis holds the arguments of the call. */
function fail(error: unknown): void {
  process.stderr.write(`${error instanceof ConfigError ? error.message : redactSecrets(String(error))}\n`);
  process.exitCode = 1;
}

for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    fail(error);
    process.exit();
  });
}
try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  fail(error);
}
