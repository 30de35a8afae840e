import { writeSync } from "node:fs";
import pino, { type DestinationStream } from "pino";

// Each write is a system call and a task of another thread; nobody reads along faster than this. Bytes and milliseconds.
const GATHERED = { sync: false, minLength: 32 * 1024, maxWrite: 64 * 1024, periodicFlush: 100 };

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
 * all that waits. What is there at the end of the process goes out, too.
 */
export function openOutput(): DestinationStream {
  let lines: string[] = [];
  const handOn = () => {
    const text = lines.join("");
    lines = [];
    if (text !== "") output.write(text);
  };
  process.on("exit", () => {
    output.flushSync();
    writeLast(lines.join("")); // what the output begins to write at this moment is lost with the process
  });
  const output = pino.destination(GATHERED);
  return {
    write(line) {
      if (lines.length === 0) setImmediate(handOn);
      lines.push(line);
    },
  };
}
