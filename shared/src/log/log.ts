import pino, { type DestinationStream, type Logger, type LoggerOptions } from "pino";
import { boundLine } from "./line.ts";
import { toLoggedError } from "./logged-error.ts";
import { openOutput } from "./output.ts";
import { createRepeatLimit, kindOfFailure } from "./repeats.ts";

export type Log = Logger;
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

// What identifies or authenticates somebody must not reach a log, however deep an object is logged.
const SECRETS = ["authorization", "Authorization", "password", "password_hash", "token"];

/** Errors under whatever name, as they may be logged. */
function withLoggedErrors(about: Record<string, unknown>): Record<string, unknown> {
  const isError = ([name, value]: [string, unknown]) => name === "err" || value instanceof Error;
  const errors = Object.entries(about).filter(isError);
  if (errors.length === 0) return about;
  return { ...about, ...Object.fromEntries(errors.map(([name, value]) => [name, toLoggedError(value)])) };
}

/**
 * A JSON log on standard output: one object a line, times in ISO 8601, errors as {@link toLoggedError} has them. A failure
 * that repeats is one line a second, with `left_out`. Lines of a tenth of a second are written together; the end of the
 * process waits for the last.
 */
export function createLog(service: string, level: LogLevel, destination?: DestinationStream): Log {
  const limitRepeats = createRepeatLimit();
  const output = destination ?? openOutput(service);
  const options: LoggerOptions = {
    level,
    base: { service },
    timestamp: createTimestamp(),
    formatters: { level: (label) => ({ level: label }), log: withLoggedErrors },
    // pino has one of its own for this name, which writes every member of an error.
    serializers: { err: (logged: unknown) => logged },
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: "[secret]" },
    hooks: {
      logMethod(args, method) {
        const [about, ...message] = args;
        const kind = kindOfFailure(about, message[0]);
        if (kind === undefined) method.apply(this, args);
        else
          limitRepeats(kind, (left) =>
            method.call(this, left === 0 ? about : { ...Object(about), left_out: left }, ...message),
          );
      },
    },
  };
  return pino(options, { write: (line) => output.write(boundLine(line)) });
}

/** The member of a line that tells when it was written; put into words once a millisecond. */
function createTimestamp(): () => string {
  let lastMs = Number.NaN;
  let text = "";
  return () => {
    const nowMs = Date.now();
    if (nowMs !== lastMs) {
      lastMs = nowMs;
      text = `,"time":"${new Date(nowMs).toISOString()}"`;
    }
    return text;
  };
}

/** Writes one line: what it is about, and the message. */
export type LineWriter = (level: LogLevel, about: object, message: string) => void;

/**
 * The same log for lines of which there are very many, and all is ours: nothing in them is looked at for secrets, nor by
 * what it is (an error, say), which takes several times as long as to write it down.
 */
export function createLineWriter(log: Log): LineWriter {
  const timestamp = createTimestamp();
  const output = log[pino.symbols.streamSym as unknown as keyof Log] as DestinationStream;
  const bindings = JSON.stringify(log.bindings()).slice(1, -1);
  return (level, about, message) => {
    if (!log.isLevelEnabled(level)) return;
    const members = JSON.stringify({ ...about, msg: message }).slice(1);
    output.write(`{"level":"${level}"${timestamp()},${bindings},${members}\n`);
  };
}
