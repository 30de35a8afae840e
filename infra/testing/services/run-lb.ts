/** The commands of `./lb`. */

import { tmpdir } from "node:os";
import { join } from "node:path";

const LB = join(import.meta.dir, "../../commands/lb.ts");

export interface LbRun {
  /** The exit code. */
  code: number;
  out: string;
  err: string;
}

/**
 * Runs `lb` as a process with this environment and no other.
 *
 * @param options `cwd`: its folder, from which it reads a `.env`; `input`: its standard input
 */
export async function runLb(
  args: readonly string[],
  env: Record<string, string>,
  { cwd = tmpdir(), input = "" }: { cwd?: string; input?: string } = {},
): Promise<LbRun> {
  return startLb(args, env, { cwd, input }).ended;
}

export interface LbProcess {
  /** The exit code is 128 + the signal where a signal has killed it. */
  ended: Promise<LbRun>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts `lb` as a process with this environment and no other. */
export function startLb(
  args: readonly string[],
  env: Record<string, string>,
  { cwd = tmpdir(), input = "" }: { cwd?: string; input?: string } = {},
): LbProcess {
  const child = Bun.spawn([process.execPath, LB, ...args], {
    env: { PATH: process.env.PATH ?? "", ...env },
    cwd,
    stdin: Buffer.from(input),
    stderr: "pipe",
  });
  const texts = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const ended = texts.then(async ([out, err]) => ({ code: await child.exited, out, err }));
  return { ended, kill: (signal) => child.kill(signal) };
}
