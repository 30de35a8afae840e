import pino, { type DestinationStream, type Logger } from "pino";

export type Log = Logger;
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

// What identifies or authenticates somebody must not reach a log, however deep an object is logged.
const SECRETS = ["authorization", "Authorization", "password", "password_hash", "token"];

// Each write is a system call and a task of another thread; nobody reads along faster than this.
const GATHERED = { sync: false, minLength: 4096, periodicFlush: 100 };

/**
 * A JSON log on standard output: one object a line, times in ISO 8601, errors with their stack and cause. Lines of a
 * tenth of a second are written together; the end of the process waits for the last.
 */
export function createLog(service: string, level: LogLevel, destination?: DestinationStream): Log {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: "[secret]" },
  };
  return pino(options, destination ?? pino.destination(GATHERED));
}

/** The same log for lines that are ours from end to end: looking for secrets costs as much as all the rest of a line. */
export const withoutRedaction = (log: Log): Log => log.child({}, { redact: [] });
