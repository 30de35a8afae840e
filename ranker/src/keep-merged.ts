/** What was merged under this name, if of the same parts the last time; else what `merge` returns. */
export type KeepMerged<P, T> = (name: string, parts: readonly P[], merge: () => T) => T;

/** @param max names of which the last is kept; whoever was not asked for longest makes room first */
export function createKeepMerged<P, T>(max: number): KeepMerged<P, T> {
  const all = new Map<string, { parts: readonly P[]; merged: T }>();
  return (name, parts, merge) => {
    let last = all.get(name);
    all.delete(name);
    if (last === undefined || !isSame(last.parts, parts)) last = { parts, merged: merge() };
    all.set(name, last);
    const [oldest] = all.keys();
    if (all.size > max && oldest !== undefined) all.delete(oldest);
    return last.merged;
  };
}

const isSame = <P>(a: readonly P[], b: readonly P[]) =>
  a.length === b.length && a.every((part, index) => part === b[index]);
