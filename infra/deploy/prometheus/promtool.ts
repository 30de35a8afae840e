/** The path of promtool, or nothing where it is not installed. */
export const promtool = Bun.which("promtool") ?? undefined;

/** Says that what needs promtool was not run, and why. */
export function announceWithoutPromtool(what: string): void {
  if (promtool === undefined) {
    process.stderr.write(`SKIPPED: promtool is not installed (Debian: apt-get install prometheus), so ${what}\n`);
  }
}

/** Runs `promtool`, and returns what it says when it finds a fault; nothing when all is well. */
export function faultsOf(args: string[], input?: string): string {
  const result = Bun.spawnSync([promtool ?? "promtool", ...args], {
    cwd: import.meta.dir,
    ...(input === undefined ? {} : { stdin: Buffer.from(input) }),
  });
  return result.exitCode === 0 ? "" : `${result.stdout}${result.stderr}`;
}
