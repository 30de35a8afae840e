import { writeSync } from "node:fs";
import pino, { type DestinationStream } from "pino";

// pino joins lines up to 32 KiB or 100 ms, because each write costs a system call and a thread
// task.
const BATCHED = { sync: false, minLength: 32 * 1024, maxWrite: 64 * 1024, periodicFlush: 100 };

// Beyond this size the lines of a turn are written before its end.
const TURN_SIZE_MAX = 64 * 1024;
// Bounds the memory for lines that a slow reader of standard output has not read.
const BACKLOG_SIZE_MAX = 16 * 1024 * 1024;

const STDOUT = 1;
// For a slow reader at the end of the process.
const FINAL_TRIES_MAX = 100;
const FINAL_TRY_MS = 10;

/** Writes to standard output synchronously, and retries while the pipe is full. */
function writeSyncRetrying(text: string): void {
  const bytes = Buffer.from(text);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let written = 0, tries = 0; written < bytes.length && tries < FINAL_TRIES_MAX; ) {
    try {
      written += writeSync(STDOUT, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return; // the reader has gone
      tries++;
      Atomics.wait(pause, 0, 0, FINAL_TRY_MS);
    }
  }
}

/**
 * Standard output for log lines. Joins the lines of one turn of the event loop, because pino
 * measures its whole backlog at each write. Writes what is left at the end of the process. While
 * the reader is stuck, drops lines beyond a bound, and logs one line about it afterwards.
 */
export function openOutput(service: string): DestinationStream {
  let lines: string[] = [];
  let size = 0;
  const flush = () => {
    const text = lines.join("");
    lines = [];
    size = 0;
    if (text !== "") output.write(text);
  };
  process.on("exit", () => {
    output.flushSync();
    writeSyncRetrying(lines.join("")); // pino would only start to write these, and the process ends
  });
  const output = pino.destination({ ...BATCHED, maxLength: BACKLOG_SIZE_MAX });
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
      if (lines.length === 0) setImmediate(flush);
      lines.push(line);
      size += line.length;
      if (size > TURN_SIZE_MAX) flush();
    },
  };
}
