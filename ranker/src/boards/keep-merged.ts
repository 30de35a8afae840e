import { createKeeping } from "./kept-tops.ts";

/** What was merged under this name, if of the same parts and not long ago; else what `merge` returns. */
export type KeepMerged<P, T> = (name: string, parts: readonly P[], merge: () => T) => T;

interface Listed {
  readonly entries: readonly unknown[];
}

/**
 * Keeps what was merged together with its parts, which may be kept by nobody else any more: they count as well.
 *
 * @param nowMs a monotonic clock
 */
export function createKeepMerged<P extends Listed, T extends Listed>(
  nowMs = () => performance.now(),
): KeepMerged<P, T> {
  const keeping = createKeeping<{ parts: readonly P[]; merged: T }>();
  return (name, parts, merge) => {
    const now = nowMs();
    const last = keeping.find(name, now);
    if (last !== undefined && isSame(last.parts, parts)) return last.merged;
    const merged = merge();
    const entries = parts.reduce((count, part) => count + part.entries.length, merged.entries.length);
    keeping.keep(name, { parts, merged }, entries, now);
    return merged;
  };
}

const isSame = <P>(a: readonly P[], b: readonly P[]) =>
  a.length === b.length && a.every((part, index) => part === b[index]);
