import { randomBytes } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";

/**
 * A random name beside a file for its next content, to be opened with the flag `wx`. Under a name
 * that can be guessed, another user could put a link to one of our files.
 */
export const partNameOf = (file: string): string => `${file}.${randomBytes(8).toString("hex")}.part`;

/**
 * Writes a file for its owner alone, completely or not at all. Replaces a symbolic link of that
 * name instead of following it.
 */
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
