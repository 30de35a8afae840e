import { createInterface } from "node:readline/promises";
import { ConfigError } from "shared/service/environment";

/**
 * Asks a person before something that cannot be undone.
 *
 * @param what names the option or the command that asks
 * @returns whether the answer is yes
 * @throws ConfigError where standard input is no terminal
 */
export async function askFirst(what: string, question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new ConfigError([`${what} asks first, and this is no terminal: add --yes`]);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
