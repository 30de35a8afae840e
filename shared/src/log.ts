import pino, { type DestinationStream, type Logger } from "pino";

export type Log = Logger;
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

// What identifies or authenticates somebody must not reach a log, however deep an object is logged.
const SECRETS = ["authorization", "Authorization", "password", "password_hash", "token"];

// Each write is a system call and a task of another thread; nobody reads along faster than this. Bytes and milliseconds.
const GATHERED = { sync: false, minLength: 32 * 1024, maxWrite: 64 * 1024, periodicFlush: 100 };
// Beyond this the lines of a turn are handed on before its end.
const TURN_SIZE_MAX = 64 * 1024;
// What waits while the reader of standard output is slow. Lines beyond it are dropped: a full log must not take the process's memory.
const WAITING_SIZE_MAX = 16 * 1024 * 1024;

/**
 * Standard output, to which the lines of one turn of the event loop go as one: for each text that it is given it measures
 * all that waits. What is there at the end of the process goes out, too.
 */
function openOutput(service: string): DestinationStream {
  let lines: string[] = [];
  let size = 0;
  const handOn = () => {
    const text = lines.join("");
    lines = [];
    size = 0;
    if (text !== "") output.write(text);
  };
  process.on("exit", handOn); // before the output's own last act
  const output = pino.destination({ ...GATHERED, maxLength: WAITING_SIZE_MAX });
  let dropped = 0;
  output.on("drop", (text: string) => {
    dropped += text.length;
  });
  output.on("drain", () => {
    if (dropped === 0) return;
    const line = { level: "warn", time: new Date(), service, characters: dropped, msg: "log lines dropped" };
    dropped = 0;
    output.write(`${JSON.stringify(line)}\n`);
  });
  return {
    write(line) {
      if (lines.length === 0) setImmediate(handOn);
      lines.push(line);
      size += line.length;
      if (size > TURN_SIZE_MAX) handOn();
    },
  };
}

/**
 * A JSON log on standard output: one object a line, times in ISO 8601, errors with their stack and cause. Lines of a
 * tenth of a second are written together; the end of the process waits for the last.
 */
export function createLog(service: string, level: LogLevel, destination?: DestinationStream): Log {
  const options = {
    level,
    base: { service },
    timestamp: createTimestamp(),
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: "[secret]" },
  };
  return pino(options, destination ?? openOutput(service));
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
