import { versionIn } from "shared/model/events";

/** The state of a queue at the moment when a script read other keys. */
export interface Moment {
  /** Versions from this one on may still wait for PostgreSQL; infinite when the queue is empty. */
  oldestWaiting: number;
  /** The greatest version that the shard had given out. */
  latestVersion: number;
}

/**
 * Versions grow and the queue is first in, first out: an event newer than the oldest waiting one
 * may wait, too. While the oldest event has no version, any event may.
 */
export function toMoment(oldestEvent: string | null, clock: string | null, now: string): Moment {
  const oldestWaiting = oldestEvent === null ? Number.POSITIVE_INFINITY : (versionIn(oldestEvent) ?? 0);
  return { oldestWaiting, latestVersion: Math.max(Number(clock ?? 0), Number(now)) };
}

/** The version at the start of an `erased` value; -1, before all versions, where there is none. */
export const toErasedAt = (erasure: string | null | undefined): number => Number.parseInt(erasure ?? "-1", 10);
