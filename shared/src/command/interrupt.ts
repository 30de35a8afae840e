import { constants } from "node:os";

export type StopSignal = "SIGINT" | "SIGTERM";

/** A signal has stopped a command between two steps. `main` prints it and exits with its code. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  /** 128 + the number of the signal, as shells have it: 130 or 143. */
  readonly exitCode: number;

  readonly signal: StopSignal;

  constructor(signal: StopSignal, advice: string) {
    super(`stopped by ${signal}: ${advice}`);
    this.signal = signal;
    this.exitCode = exitCodeOf(signal);
  }
}

/** Tells a command that it is to stop. Its end gives the signals their usual effect back. */
export interface Interrupt extends Disposable {
  /** Aborts with an `Interrupted` at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

// `bun run` passes on a Ctrl-C that the terminal has sent to the command as well.
const SAME_SIGNAL_MS = 1_000;

/**
 * Lets a command finish the step under way at SIGINT or SIGTERM. A second signal, a second later or
 * more, ends the process at once.
 *
 * @param advice what the user should do next, such as `run the same command again`
 */
export function catchInterrupt(advice: string, now: () => number = performance.now): Interrupt {
  const controller = new AbortController();
  let caughtAtMs = 0;
  const stop = (signal: StopSignal) => {
    if (!controller.signal.aborted) {
      caughtAtMs = now();
      controller.abort(new Interrupted(signal, advice));
    } else if (now() - caughtAtMs >= SAME_SIGNAL_MS) process.exit(exitCodeOf(signal));
  };
  const handlers = (["SIGINT", "SIGTERM"] as const).map((name) => [name, () => stop(name)] as const);
  for (const [name, handler] of handlers) process.on(name, handler);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const [name, handler] of handlers) process.off(name, handler);
    },
  };
}

const exitCodeOf = (signal: StopSignal) => 128 + constants.signals[signal];
