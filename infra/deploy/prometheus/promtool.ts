/** The path of promtool, or undefined where it is not installed. */
export const promtool = Bun.which("promtool") ?? undefined;

/** Prints that tests were skipped, and what they would have checked, if promtool is not installed. */
export function announceWithoutPromtool(what: string): void {
  if (promtool === undefined) {
    process.stderr.write(`SKIPPED: promtool is not installed (Debian: apt-get install prometheus), so ${what}\n`);
  }
}

/** Runs `promtool`. Returns its output if it finds a fault, otherwise an empty string. */
export function faultsOf(args: string[], input?: string): string {
  const result = Bun.spawnSync([promtool ?? "promtool", ...args], {
    cwd: import.meta.dir,
    stdin: input === undefined ? null : Buffer.from(input),
  });
  return result.exitCode === 0 ? "" : `${result.stdout}${result.stderr}`;
}
