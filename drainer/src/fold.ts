/** What every event says of itself, whatever it is about. */
export interface Versioned {
  /** Microseconds, as a decimal string; unique and growing on its shard. */
  updated_at: string;
  /** Of the request that wrote it, where that was traced. */
  traceparent?: string | undefined;
}

/**
 * The newest event of each key, sorted by key. One statement may not meet a key twice, and statements that lock rows
 * in the same order cannot deadlock.
 */
export function fold<T extends Versioned>(events: readonly T[], keyOf: (event: T) => string): T[] {
  const newest = new Map<string, T>();
  for (const event of events) {
    const key = keyOf(event);
    const known = newest.get(key);
    if (known === undefined || Number(known.updated_at) < Number(event.updated_at)) newest.set(key, event);
  }
  return [...newest.keys()].sort().map((key) => newest.get(key) as T);
}
