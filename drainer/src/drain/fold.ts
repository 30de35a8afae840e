import type { Versioned } from "shared/model/events";

/**
 * Puts `event` into `newest` under `key`, unless an event with the same or a newer version is
 * already there.
 */
export function keepNewest<T extends Versioned>(newest: Map<string, T>, key: string, event: T): void {
  const known = newest.get(key);
  if (known === undefined || Number(known.updated_at) < Number(event.updated_at)) newest.set(key, event);
}

/**
 * The values sorted by key, bytewise: statements that lock rows in the same order cannot deadlock.
 */
export const inKeyOrder = <T>(newest: ReadonlyMap<string, T>): T[] =>
  [...newest.keys()].sort().map((key) => newest.get(key) as T);

/**
 * The newest event of each key, sorted by key: one upsert statement must not contain a key twice.
 */
export function fold<T extends Versioned>(events: readonly T[], keyOf: (event: T) => string): T[] {
  const newest = new Map<string, T>();
  for (const event of events) keepNewest(newest, keyOf(event), event);
  return inKeyOrder(newest);
}
