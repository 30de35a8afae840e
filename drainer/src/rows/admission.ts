import type { Versioned } from "shared/model/events";
import type { Sql } from "../postgres/connect-postgres.ts";

/** Where a batch was read: the queue, and the run of the Redis server that holds it. */
export interface BatchOrigin {
  tag: string;
  run: string;
}

/**
 * The condition that admits a batch within the statement that writes it, and records its newest
 * version. PostgreSQL evaluates it once a statement, and refuses with SQLSTATE LB001 a batch of an
 * earlier run. True for rows that come from no queue.
 */
export function admit(sql: Sql, origin: BatchOrigin | undefined, events: readonly Versioned[]) {
  if (origin === undefined) return sql`TRUE`;
  let newest = 0;
  for (const { updated_at } of events) newest = Math.max(newest, Number(updated_at));
  return sql`(SELECT admit_batch(${origin.tag}, ${origin.run}, ${String(newest)}::bigint))`;
}
