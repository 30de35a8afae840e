/** Programs that some tests need and not every machine has. */

/** The path of a program, also of a system service; undefined where it is not installed. */
export const installed = (name: string): string | undefined =>
  Bun.which(name) ?? Bun.which(name, { PATH: "/usr/sbin:/usr/local/sbin" }) ?? undefined;

/**
 * Finds a program, and prints that tests are skipped where it is not installed.
 *
 * @param what as in "so no pool was tested"
 */
export function findOrAnnounce(name: string, what: string): string | undefined {
  const path = installed(name);
  if (path === undefined) announceSkipped(`${name} is not installed, so ${what}`);
  return path;
}

export function announceSkipped(why: string): void {
  process.stderr.write(`SKIPPED: ${why}\n`);
}
