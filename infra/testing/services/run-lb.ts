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
export async function runLb(
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
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, out, err };
}
