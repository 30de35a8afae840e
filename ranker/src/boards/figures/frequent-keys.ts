export interface FrequentKeys {
  count(key: string): void;
  /** The count of each key that is kept. */
  counts(): ReadonlyMap<string, number>;
  remove(key: string): void;
  /** Leaves a share of each count, so that what was counted lately weighs more. */
  fade(share: number): void;
}

/**
 * Finds the keys that are counted most, in bounded memory: J. Misra and D. Gries, "Finding Repeated
 * Elements" (1982). A key with more than 1 / (max + 1) of all counts is kept, and no count is
 * higher than it was. Counting costs O(1) on average: each key that is lowered was counted before.
 *
 * @param max keys that are kept
 */
export function createFrequentKeys(max: number): FrequentKeys {
  const kept = new Map<string, number>();

  const lower = (key: string, count: number) => (count < 1 ? kept.delete(key) : kept.set(key, count));

  return {
    count(key) {
      const count = kept.get(key);
      if (count !== undefined) kept.set(key, count + 1);
      else if (kept.size < max) kept.set(key, 1);
      else for (const [other, counted] of kept) lower(other, counted - 1);
    },
    counts: () => kept,
    remove: (key) => void kept.delete(key),
    fade(share) {
      for (const [key, count] of kept) lower(key, Math.floor(count * share));
    },
  };
}
