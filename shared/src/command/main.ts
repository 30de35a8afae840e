import { Problem } from "../api/problems.ts";
import { redactSecrets } from "../log/redact.ts";
import { isReply } from "../redis/reply-error.ts";
import { ConfigError } from "../service/environment.ts";
import { Interrupted } from "./interrupt.ts";

/**
 * Runs `work`, whose result is the exit code of the process; after an error it is 1, after
 * `Interrupted` 128 + the number of the signal. A reader that closes the output early, as `head`
 * does, ends the process with 0.
 *
 * @param name stands before each fault: `lb top: --limit must be from 1 to 10000`
 */
export async function main(work: () => Promise<number>, name = ""): Promise<void> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      print(name, error);
      process.exit(1);
    });
  }
  try {
    process.exitCode = await work();
  } catch (error) {
    print(name, error);
    const code = error instanceof Interrupted ? error.exitCode : 1;
    // A client that has given up on its store may keep timers for seconds, and the user waits.
    process.stdout.write("", () => process.exit(code));
  }
}

// Bun would print every member of an error, and an error of Redis holds the arguments of its call.
function print(name: string, error: unknown): void {
  const prefix = name === "" ? "" : `${name}: `;
  for (const fault of faultsOf(error)) process.stderr.write(`${prefix}${fault}\n`);
}

function faultsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.faults;
  if (error instanceof Interrupted) return [error.message];
  if (error instanceof Problem) return [wordsOf(error)];
  return [redactSecrets(error instanceof Error && error.name === "Error" ? error.message : String(error))];
}

/** What stopped the command: a client is told less than the operator at the terminal. */
function wordsOf({ message, cause }: Problem): string {
  if (cause instanceof Problem) return wordsOf(cause);
  if (!(cause instanceof Error)) return message;
  const reply = cause.message;
  return isReply(cause) ? `Redis answers, but with an error: ${reply}` : `${message} (${reply})`;
}
