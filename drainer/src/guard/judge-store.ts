import type { FencedStore } from "shared/stores/fenced-store";

/** What PostgreSQL knows of the Redis behind a queue. */
export interface Guarded {
  origin: string;
  /** The run whose batches PostgreSQL admits. */
  run: string;
  /** The newest version (µs) that was written; 0 for none. */
  newest: number;
}

/**
 * Judges whether a Redis has everything that PostgreSQL has of it:
 *
 *     open     it has, and it is open for writes
 *     fit      it has, or both are new: it may be opened
 *     lost     it lacks versions that PostgreSQL has: it was emptied, or is an older copy
 *     foreign  it holds another deployment's data
 *
 * Nothing writes a restarted store before it is opened, so it has all versions up to its clock. A
 * store that a ranker has opened without PostgreSQL is judged by its clock at that moment.
 *
 * @param options `hasRows`: whether PostgreSQL holds any rows; matters where PostgreSQL does not
 *   know this store
 */
export function judgeStore(
  store: FencedStore,
  guarded: Guarded | undefined,
  { hasRows }: { hasRows: boolean },
): "open" | "fit" | "lost" | "foreign" {
  const { fence, clock = 0, run } = store;
  if (fence !== undefined && guarded !== undefined && fence.origin !== guarded.origin) return "foreign";
  if (fence === undefined) {
    // Release 0.1 wrote a clock but no fence.
    const isKnownToBeOlder = guarded === undefined && (clock > 0 || !hasRows);
    return isKnownToBeOlder ? "fit" : "lost";
  }
  if (fence.run === undefined) return "lost";
  if (wholeUpTo(store, guarded) < (guarded?.newest ?? 0)) return "lost";
  return fence.run === run && guarded?.run === run ? "open" : "fit";
}

/**
 * The version up to which a store is complete: its clock; where a ranker has opened it, its clock
 * at that moment.
 */
export function wholeUpTo({ fence, clock = 0, run }: FencedStore, guarded: Guarded | undefined): number {
  return fence !== undefined && fence.run === run && guarded?.run !== run ? fence.keptVersion : clock;
}
