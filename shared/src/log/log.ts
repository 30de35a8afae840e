import pino, { type DestinationStream, type Logger, type LoggerOptions } from "pino";
import { openOutput } from "./output.ts";
import { toLoggedError } from "./redact.ts";
import { createRepeatLimit, kindOfFailure } from "./repeats.ts";

export type Log = Logger;
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

// Credentials must not reach the log, up to three levels deep.
const SECRETS = ["authorization", "Authorization", "password", "password_hash", "token"];

const LINE_BYTES_MAX = 32 * 1024;
const MESSAGE_CHARS_MAX = 1_000;
// One UTF-16 unit takes at most three bytes of UTF-8.
const BYTES_PER_UNIT_MAX = 3;

/** Replaces errors, under any name, by what may be logged of them. */
function withLoggedErrors(about: Record<string, unknown>): Record<string, unknown> {
  const isError = ([name, value]: [string, unknown]) => name === "err" || value instanceof Error;
  const errors = Object.entries(about).filter(isError);
  if (errors.length === 0) return about;
  return { ...about, ...Object.fromEntries(errors.map(([name, value]) => [name, toLoggedError(value)])) };
}

/**
 * A JSON log on standard output: one object a line, times in ISO 8601, errors reduced by {@link
 * toLoggedError}. A repeated failure is one line a second with the count `left_out`. Lines are
 * written in batches every 100 ms; the last batch is written before the process ends.
 */
export function createLog(service: string, level: LogLevel, destination?: DestinationStream): Log {
  const limitRepeats = createRepeatLimit();
  const output = destination ?? openOutput(service);
  const options: LoggerOptions = {
    level,
    base: { service },
    timestamp: createTimestamp(),
    formatters: { level: (label) => ({ level: label }), log: withLoggedErrors },
    // Replaces pino's own serializer, which would write every member of an error.
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

/** Bounds a line: a longer one keeps its level, time, service, request id and message only. */
function boundLine(line: string): string {
  if (line.length * BYTES_PER_UNIT_MAX <= LINE_BYTES_MAX) return line;
  const bytes = Buffer.byteLength(line);
  if (bytes <= LINE_BYTES_MAX) return line;
  const { level, time, service, request_id, msg } = JSON.parse(line) as Record<string, unknown>;
  const message = typeof msg === "string" ? msg.slice(0, MESSAGE_CHARS_MAX) : undefined;
  return `${JSON.stringify({ level, time, service, request_id, msg: message, omitted_bytes: bytes })}\n`;
}

/** The `time` member of a line, formatted once a millisecond. */
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

/** Writes one line with the fields of `about`. */
export type LineWriter = (level: LogLevel, about: object, message: string) => void;

/**
 * The same log for frequent lines whose fields all come from our own code. Skips redaction and the
 * treatment of errors, which take several times as long as writing the line.
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
