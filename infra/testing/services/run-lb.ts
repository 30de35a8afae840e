/** The commands of `bun run lb`. */

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
export function runLb(
  args: readonly string[],
  env: Record<string, string>,
  { cwd = tmpdir(), input = "" }: { cwd?: string; input?: string } = {},
): Promise<LbRun> {
  const child = Bun.spawn([process.execPath, LB, ...args], {
    env: { PATH: process.env.PATH ?? "", ...env },
    cwd,
    stdin: Buffer.from(input),
    stderr: "pipe",
  });
  return endOf(child);
}

/** The same with an open standard input, for a test that sends a signal. */
export function startLb(args: readonly string[], env: Record<string, string>, cwd = tmpdir()) {
  return Bun.spawn([process.execPath, LB, ...args], {
    env: { PATH: process.env.PATH ?? "", ...env },
    cwd,
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
}

/** Waits for the end of a command. */
export async function endOf(
  child: Pick<Bun.Subprocess<"pipe", "pipe", "pipe">, "stdout" | "stderr" | "exited">,
): Promise<LbRun> {
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, out, err };
}
