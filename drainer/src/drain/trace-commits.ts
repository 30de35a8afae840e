import type { Tracing } from "shared/tracing/tracing";

/** The events of a batch that PostgreSQL has taken. */
export interface CommittedEvents {
  /** The `traceparent` of each traced event. */
  parents: readonly string[];
  /** The number of all events. */
  events: number;
}

/**
 * Ends the traces of committed events: one span below the request that wrote the event, linked with
 * one span of the whole batch. A batch without traced events records nothing.
 *
 * @param seconds from peek to acknowledgement
 */
export function traceCommits(
  tracing: Tracing,
  queue: string,
  { parents, events }: CommittedEvents,
  seconds: number,
): void {
  if (parents.length === 0) return;
  const attributes = { "leaderboard.queue": queue, "messaging.batch.message_count": events };
  const batch = tracing.record({ name: "drain batch", kind: "consumer", links: parents, attributes }, seconds);
  const links = batch === undefined ? [] : [batch];
  for (const parent of parents)
    tracing.record({ name: "commit", kind: "consumer", parent, links, attributes }, seconds);
}
