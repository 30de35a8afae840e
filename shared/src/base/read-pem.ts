import { readFileSync } from "node:fs";

/**
 * The text of a file in PEM that a parameter of a URL names.
 *
 * @throws Error whose message completes the name of the variable that has the URL
 */
export function readPem(parameter: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`names a file in ${parameter} that cannot be read: ${(error as Error).message}`);
  }
}
