import { writeSync } from "node:fs";
import pino, { type DestinationStream } from "pino";

// Each write is a system call and a task of another thread; nobody reads along faster than this. Bytes and milliseconds.
const GATHERED = { sync: false, minLength: 32 * 1024, maxWrite: 64 * 1024, periodicFlush: 100 };

// Beyond this the lines of a turn are handed on before its end.
const TURN_SIZE_MAX = 64 * 1024;
// What waits while the reader of standard output is slow: a full log must not take the process's memory.
const WAITING_SIZE_MAX = 16 * 1024 * 1024;

const STDOUT = 1;
/** For a reader that does not keep up, at the end of the process. */
const LAST_TRIES_MAX = 100;
const LAST_TRY_MS = 10;

/** Writes to standard output before it returns; a pipe that is full is tried again. */
function writeLast(text: string): void {
  const bytes = Buffer.from(text);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let written = 0, tries = 0; written < bytes.length && tries < LAST_TRIES_MAX; ) {
    try {
      written += writeSync(STDOUT, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return; // there is no reader any more
      tries++;
      Atomics.wait(pause, 0, 0, LAST_TRY_MS);
    }
  }
}

/**
 * Standard output, to which the lines of one turn of the event loop go as one: for each text that it is given it measures
 * all that waits. What is there at the end of the process goes out, too. While the reader is stuck, lines beyond a bound
 * are dropped, and one line says so.
 */
export function openOutput(service: string): DestinationStream {
  let lines: string[] = [];
  let size = 0;
  const handOn = () => {
    const text = lines.join("");
    lines = [];
    size = 0;
    if (text !== "") output.write(text);
  };
  process.on("exit", () => {
    output.flushSync();
    writeLast(lines.join("")); // what the output begins to write at this moment is lost with the process
  });
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
