import type { Tracing } from "shared/tracing/tracing";
import type { Versioned } from "./fold.ts";

/**
 * Ends the traces of committed events: a span each, below the request that wrote it, linked with one span of the whole
 * batch. A batch without traced events leaves none.
 *
 * @param seconds from peek to acknowledgement
 */
export function traceCommits(tracing: Tracing, queue: string, events: readonly Versioned[], seconds: number): void {
  const parents = events.flatMap(({ traceparent }) => traceparent ?? []);
  if (parents.length === 0) return;
  const attributes = { "leaderboard.queue": queue, "messaging.batch.message_count": events.length };
  const batch = tracing.record({ name: "drain batch", kind: "consumer", links: parents, attributes }, seconds);
  const links = batch === undefined ? [] : [batch];
  for (const parent of parents)
    tracing.record({ name: "commit", kind: "consumer", parent, links, attributes }, seconds);
}
