import { findOrAnnounce, installed } from "testing/installed";

export const promtool = installed("promtool");
export const announceWithoutPromtool = (what: string) => void findOrAnnounce("promtool", what);

/** Runs `promtool`. @returns its output where it finds a fault, otherwise an empty text */
export function faultsOf(args: string[], input?: string): string {
  const result = Bun.spawnSync([promtool ?? "promtool", ...args], {
    cwd: import.meta.dir,
    stdin: input === undefined ? null : Buffer.from(input),
  });
  return result.exitCode === 0 ? "" : `${result.stdout}${result.stderr}`;
}
