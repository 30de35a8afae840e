import type { Log } from "../log/log.ts";

type Close = () => Promise<unknown> | unknown;

export interface Shutdown {
  /** True after the first signal: readiness probes must fail then. */
  readonly isStopping: boolean;
  /** Registers what was just opened. Steps run one after another, the last opened first. */
  onClose(name: string, close: Close): void;
  /** Closes everything and ends the process; a second call changes nothing. */
  stop(reason: string, exitCode: number): Promise<void>;
}

export interface ShutdownOptions {
  log: Log;
  /** After this time the process exits with 1, also with steps still open. */
  deadlineMs: number;
  exit?: (code: number) => void;
}

/** Closes in the reverse order of opening, each step once, all within one deadline. */
export function createShutdown({ log, deadlineMs, exit = process.exit }: ShutdownOptions): Shutdown {
  const steps: { name: string; close: Close }[] = [];
  let stopping = false;
  return {
    get isStopping() {
      return stopping;
    },
    onClose(name, close) {
      steps.push({ name, close });
    },
    async stop(reason, exitCode) {
      if (stopping) return;
      stopping = true;
      log.info({ reason }, "stopping");
      const deadline = setTimeout(() => {
        log.error({ deadline_ms: deadlineMs }, "not closed within the deadline");
        exit(1);
      }, deadlineMs);
      let code = exitCode;
      for (const step of steps.reverse()) {
        try {
          await step.close();
        } catch (error) {
          log.error({ err: error, step: step.name }, "closing failed");
          code = 1;
        }
      }
      clearTimeout(deadline);
      log.info("stopped");
      exit(code);
    },
  };
}

/**
 * Starts the shutdown on SIGTERM and SIGINT, with code 0, and on an uncaught error, with code 1,
 * because the state after such an error is unknown. Accepted requests are finished first.
 */
export function stopOnSignals(shutdown: Shutdown, log: Log): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void shutdown.stop(signal, 0));
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      log.fatal({ err: error }, event);
      void shutdown.stop(event, 1);
    });
  }
}
