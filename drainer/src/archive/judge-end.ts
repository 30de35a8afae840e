import type { StoredCounts } from "./ended-seasons.ts";

/** What a shard has to say about the end of a season. */
export interface ShardEnd {
  /** Version of its end in PostgreSQL; undefined where that has not come there. */
  end: number | undefined;
  /** Version of the event that waits longest in its queue; infinite where none waits. */
  oldestWaiting: number;
  /** Whether its dead list has an event of the season. */
  hasDead: boolean;
}

/**
 * Whether a season may be archived in a region.
 *
 *     closing     an event of the season may still come
 *     incomplete  a dead event holds an entry back, or entries and rows differ
 *     ready       PostgreSQL has what Redis has, and as much as there was at the end
 */
export type EndState = "closing" | "incomplete" | "ready";

/** Judges by the queues alone. An end stands behind all writes of its season. */
export function judgeQueues(shards: readonly ShardEnd[]): EndState {
  if (shards.some(({ hasDead }) => hasDead)) return "incomplete";
  const isPast = ({ end, oldestWaiting }: ShardEnd) => end !== undefined && oldestWaiting > end;
  return shards.length > 0 && shards.every(isPast) ? "ready" : "closing";
}

/**
 * Judges by the numbers. Redis has lost the players who were erased since the end, as PostgreSQL
 * has. So both have to agree, and no more may be missing than players were erased. The statement
 * that archives looks at the same numbers once more.
 *
 * @param present the entries that Redis has of the season, ranked or hidden
 */
export function judgeCounts({ stored, counted, erased }: StoredCounts, present: number): EndState {
  const isWhole = stored === present && stored <= counted && stored >= counted - erased;
  return isWhole ? "ready" : "incomplete";
}
