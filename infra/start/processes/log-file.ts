import { appendFileSync, existsSync, renameSync, statSync } from "node:fs";

const BYTES_MAX = 10 * 1024 * 1024;

/**
 * Appends the lines of a store to its log file. A full file becomes `<file>.old`, so that one store
 * keeps 20 MB at most. Stores write few lines, so each one is written at once.
 *
 * @returns the function that takes a line
 */
export function createLogFile(file: string, bytesMax = BYTES_MAX): (line: string) => void {
  let bytes = existsSync(file) ? statSync(file).size : 0;
  return (line) => {
    const text = `${line}\n`;
    bytes += Buffer.byteLength(text);
    if (bytes > bytesMax && existsSync(file)) {
      renameSync(file, `${file}.old`);
      bytes = Buffer.byteLength(text);
    }
    appendFileSync(file, text, { mode: 0o600 });
  };
}
