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

export interface LbOptions {
  /** Its folder, from which it reads a `.env`. */
  cwd?: string | undefined;
  /** Its whole standard input, which stays open where there is none. */
  input?: string;
}

/** Runs `lb` as a process with this environment and no other. */
export const runLb = (
  args: readonly string[],
  env: Record<string, string>,
  { cwd, input = "" }: LbOptions = {},
): Promise<LbRun> => startLb(args, env, { cwd, input }).ended;

export interface LbProcess {
  stdin: Bun.FileSink;
  /** The exit code is 128 + the signal where a signal has killed it. */
  ended: Promise<LbRun>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts `lb` as a process with this environment and no other. */
export function startLb(
  args: readonly string[],
  env: Record<string, string>,
  { cwd = tmpdir(), input }: LbOptions = {},
): LbProcess {
  const child = Bun.spawn([process.execPath, LB, ...args], {
    env: { PATH: process.env.PATH ?? "", ...env },
    cwd,
    stdin: "pipe",
    stderr: "pipe",
  });
  if (input !== undefined) {
    child.stdin.write(input);
    void child.stdin.end();
  }
  const texts = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const ended = texts.then(async ([out, err]) => ({ code: await child.exited, out, err }));
  return { stdin: child.stdin, ended, kill: (signal) => child.kill(signal) };
}
