import { toFinalMessage } from "../service/config.ts";
import { Interrupted } from "./interrupt.ts";

/**
 * Runs `work`, whose result is the exit code of the process; after an error it is 1, after
 * `Interrupted` 128 + the number of the signal. A reader that closes the output early, as `head`
 * does, ends the process with 0.
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
    process.exitCode = error instanceof Interrupted ? error.exitCode : 1;
  }
}

// Bun would print every member of an error, and an error of Redis holds the arguments of its call.
const print = (error: unknown) =>
  process.stderr.write(error instanceof Interrupted ? `${error.message}\n` : toFinalMessage(error));
