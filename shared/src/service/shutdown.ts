import type { Log } from "../log/log.ts";

/** A step of the shutdown: what was opened, and how it is closed. */
type Close = () => Promise<unknown> | unknown;

export interface Shutdown {
  /** True from the first signal on: readiness probes must say no. */
  readonly isStopping: boolean;
  /** Registers what was just opened. Steps run one after another, the last opened first. */
  onClose(name: string, close: Close): void;
  /** Closes everything and ends the process; a second call changes nothing. */
  stop(reason: string, exitCode: number): Promise<void>;
}

export interface ShutdownOptions {
  log: Log;
  /** After this time the process ends with code 1, with steps still open or not. */
  deadlineMs: number;
  exit?: (code: number) => void;
}

/** Closes in the reverse order of opening, each step once, all of them within a deadline. */
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
 * Ties a shutdown to the process. SIGTERM and SIGINT end it with code 0. An uncaught error is logged, accepted requests
 * are finished, and the code is 1, because the state behind such an error is unknown.
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
