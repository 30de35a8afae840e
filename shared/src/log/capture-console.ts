import { format } from "node:util";
import type { Log } from "./log.ts";
import { redactSecrets } from "./redact.ts";

const LEVELS = { debug: "debug", log: "info", info: "info", warn: "warn", error: "error" } as const;

/**
 * Makes what a library prints a line of the log: bare text among JSON would break the programs that
 * read it.
 */
export function captureConsole(log: Log): void {
  for (const [method, level] of Object.entries(LEVELS)) {
    Object.assign(globalThis.console, {
      [method]: (...printed: unknown[]) =>
        log[level]({ text: redactSecrets(format(...printed)) }, "printed by a library"),
    });
  }
}
