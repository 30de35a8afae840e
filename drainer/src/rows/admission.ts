import type { Versioned } from "shared/model/events";
import type { Sql } from "shared/postgres/connect-postgres";

/** Where a batch was read: the queue, and the run of the Redis server that holds it. */
export interface BatchOrigin {
  tag: string;
  run: string;
}

/** SQLSTATE of `admit_seasons`, in the class of faults in a row. */
export const SEASON_FINAL = "22LB2";

/**
 * The condition that admits entries of seasons within the statement that writes them: it refuses
 * them, as a bad row is refused, where a season is archived.
 */
export function admitSeasons(sql: Sql, events: readonly { board: string; region: string }[]) {
  // Season 0 has the name of its board, so that no name is without one.
  const all = [...new Map(events.map((event) => [`${event.board} ${event.region}`, event])).values()];
  return sql`(SELECT admit_seasons(
    ${all.map(({ board }) => board)}::text[], ${all.map(({ region }) => region)}::text[]
  ))`;
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
