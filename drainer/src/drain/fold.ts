/** What every event says of itself, whatever it is about. */
export interface Versioned {
  /** Microseconds, as a decimal string; unique and growing on its shard. */
  updated_at: string;
  /** Of the request that wrote it, where that was traced. */
  traceparent?: string | undefined;
}

/** Puts events in among the newest of each key, wherever they are newer. */
export function keepNewest<T extends Versioned>(
  newest: Map<string, T>,
  events: readonly T[],
  keyOf: (event: T) => string,
): void {
  for (const event of events) {
    const key = keyOf(event);
    const known = newest.get(key);
    if (known === undefined || Number(known.updated_at) < Number(event.updated_at)) newest.set(key, event);
  }
}

/** Sorted by key: statements that lock rows in the same order cannot deadlock. */
export const inOrder = <T>(newest: ReadonlyMap<string, T>): T[] =>
  [...newest.keys()].sort().map((key) => newest.get(key) as T);

/** The newest event of each key, sorted by key. One statement may not meet a key twice. */
export function fold<T extends Versioned>(events: readonly T[], keyOf: (event: T) => string): T[] {
  const newest = new Map<string, T>();
  keepNewest(newest, events, keyOf);
  return inOrder(newest);
}
