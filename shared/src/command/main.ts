import { redactSecrets } from "../log/redact.ts";
import { ConfigError } from "../service/config.ts";

/**
 * Runs `work` as the whole of this process, whose exit code it answers; an error ends the process
 * with 1. Output goes on to a reader that takes only a part of it, as `head` does.
 */
export async function main(work: () => Promise<number>): Promise<void> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      print(error);
      process.exit(1);
    });
  }
  try {
    process.exitCode = await work();
  } catch (error) {
    print(error);
    process.exitCode = 1;
  }
}

// Bun itself would print every member of an error, and an error of Redis holds the arguments of the
// call.
function print(error: unknown): void {
  process.stderr.write(`${error instanceof ConfigError ? error.message : redactSecrets(String(error))}\n`);
}
