import type { FencedStore } from "shared/stores/fenced-store";

/** What PostgreSQL knows of the Redis behind a queue. */
export interface Guarded {
  origin: string;
  /** The run whose events are taken. */
  run: string;
  /** The newest version (µs) that was written, or may have been; 0 for none. */
  newest: number;
}

/**
 * Whether a Redis is the one that PostgreSQL knows, whole:
 *
 *     open     it is, and it is open
 *     fit      it is, or both are new: it may be opened
 *     lost     it was emptied, or is a copy of an earlier moment: versions are missing that PostgreSQL has
 *     foreign  it holds another deployment's data
 *
 * The clock tells, because a store that was restarted is written by nothing until it is opened: it has all versions up to
 * its clock. One that a ranker has opened without PostgreSQL is judged by its clock at that moment.
 *
 * @param hasRows whether PostgreSQL holds anything at all; counts where it knows nothing of this store
 */
export function judgeStore(
  store: FencedStore,
  guarded: Guarded | undefined,
  hasRows: boolean,
): "open" | "fit" | "lost" | "foreign" {
  const { fence, clock = 0, run } = store;
  if (fence !== undefined && guarded !== undefined && fence.origin !== guarded.origin) return "foreign";
  if (fence === undefined) {
    // Data of release 0.1, which knew no fences, has a clock.
    const isKnownToBeOlder = guarded === undefined && (clock > 0 || !hasRows);
    return isKnownToBeOlder ? "fit" : "lost";
  }
  if (fence.run === undefined) return "lost";
  if (wholeUpTo(store, guarded) < (guarded?.newest ?? 0)) return "lost";
  return fence.run === run && guarded?.run === run ? "open" : "fit";
}

/**
 * The version up to which a store has all that there ever was: its clock, or, where a ranker has opened it, its clock at
 * that moment.
 */
export function wholeUpTo({ fence, clock = 0, run }: FencedStore, guarded: Guarded | undefined): number {
  return fence !== undefined && fence.run === run && guarded?.run !== run ? fence.kept : clock;
}
