import type { Versioned } from "../drain/fold.ts";
import type { Sql } from "../postgres/connect-postgres.ts";

/** Where a batch was read: the queue, and the run of the Redis server that holds it. */
export interface BatchOrigin {
  tag: string;
  run: string;
}

/** The SQLSTATE of `admit_batch`, which says that the store was opened anew since the batch was read. */
export const NOT_ADMITTED = "LB001";

/**
 * A condition that admits a batch as a part of the statement that writes it, once, and notes its newest version; true for
 * rows that come out of no queue. As a join it would cost the statement a tenth.
 */
export function admit(sql: Sql, origin: BatchOrigin | undefined, events: readonly Versioned[]) {
  if (origin === undefined) return sql`TRUE`;
  let newest = 0;
  for (const { updated_at } of events) newest = Math.max(newest, Number(updated_at));
  return sql`(SELECT admit_batch(${origin.tag}, ${origin.run}, ${String(newest)}::bigint))`;
}
