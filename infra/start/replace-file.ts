import { randomBytes } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";

/**
 * A random name beside a file for its next content, to be opened with the flag `wx`. Another user
 * could put a link to one of our files under a name that can be guessed.
 */
export const partNameOf = (file: string): string => `${file}.${randomBytes(8).toString("hex")}.part`;

/**
 * Writes a file for its owner alone, completely or not at all. A link of that name is replaced, not
 * followed.
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
