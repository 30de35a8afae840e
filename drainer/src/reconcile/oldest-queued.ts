import { versionIn } from "shared/model/events";

/** What a script says of a queue, beside what it read in the same moment. */
export interface Moment {
  /** Versions from this one on may still be on their way to PostgreSQL; infinite when nothing waits. */
  oldestWaiting: number;
  /** No version given out by then is greater. */
  latestVersion: number;
}

/**
 * Versions grow and a queue is first in, first out: whatever is newer than the oldest waiting event may wait too. While
 * an event waits that tells no version, everything may.
 */
export function toMoment(oldestEvent: string | null, clock: string | null, now: string): Moment {
  const oldestWaiting = oldestEvent === null ? Number.POSITIVE_INFINITY : (versionIn(oldestEvent) ?? 0);
  return { oldestWaiting, latestVersion: Math.max(Number(clock ?? 0), Number(now)) };
}

/** The version that a kept erasure begins with; before all versions where there is none. */
export const toErasedAt = (erasure: string | null | undefined): number => Number.parseInt(erasure ?? "-1", 10);
