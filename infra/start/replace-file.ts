import { randomBytes } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";

/**
 * A name beside a file for what is to become it. With the flag `wx` nothing is overwritten that stands there; a name
 * that could be guessed could be a link of another user's to a file of ours.
 */
export const partNameOf = (file: string): string => `${file}.${randomBytes(8).toString("hex")}.part`;

/** Puts a whole file under this name, or none, for the owner alone. A link there is replaced, not followed. */
export function replaceFile(file: string, text: string): void {
  const part = partNameOf(file);
  try {
    writeFileSync(part, text, { mode: 0o600, flag: "wx" });
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}
