import type { Sql } from "shared/postgres/connect-postgres";
import { parseRankingName } from "shared/seasons/ranking-name";
import type { BatchOrigin } from "./admission.ts";

/**
 * The rule of versions in SQL, for all tables: a newer version replaces an older one, and an
 * erasure what is not newer.
 */

export type Fragment = ReturnType<typeof toMicroseconds>;

/**
 * A time column as microseconds in decimal text. Not as bigint: an infinite time would fail all
 * rows of a page.
 */
export const toMicroseconds = (sql: Sql, column: string) =>
  sql`trunc(extract(epoch FROM ${sql(column)}) * 1000000)::text`;

/** Microseconds as a time, exact to the last digit. */
export const toTime = (sql: Sql, microseconds: string): Fragment =>
  sql`'epoch'::timestamptz + ${sql(microseconds)}::bigint * interval '1 microsecond'`;

/** A number of microseconds as a time; null stays null. */
export const toInstant = (sql: Sql, microseconds: number | null): Fragment =>
  sql`'epoch'::timestamptz + ${microseconds === null ? null : String(microseconds)}::bigint * interval '1 microsecond'`;

/**
 * Which rows an upsert replaces: older ones only, or also rows as new, where those are known to be
 * wrong.
 */
export type Replaces = "older" | "as new";

export interface UpsertOptions {
  replaces: Replaces;
  /** Where the batch was read; undefined for rows that come from no queue. */
  origin?: BatchOrigin | undefined;
}

/**
 * The condition of ON CONFLICT DO UPDATE.
 *
 * @param version the table's column that holds the version
 */
export const mayReplace = (sql: Sql, table: string, version: string, replaces: Replaces): Fragment =>
  replaces === "older"
    ? sql`${sql(table)}.${sql(version)} < excluded.${sql(version)}`
    : sql`${sql(table)}.${sql(version)} <= excluded.${sql(version)}`;

/**
 * The condition that no erasure of its player is as new as `event`.
 *
 * @param scope `event.region`, or `'accounts'`
 */
export const isNotErased = (sql: Sql, scope: Fragment): Fragment => sql`NOT EXISTS (
      SELECT FROM erasures
      WHERE erasures.scope = ${scope} AND erasures.user_id = event.user_id
        AND erasures.erased_at >= ${toTime(sql, "event.updated_at")}
    )`;

/** The scope of the erasure of one entry: see `remove_entries`. */
export const entryScope = (region: string, ranking: string): string => `${region}/${ranking}`;

/**
 * The condition that the entry of `event` was not removed at or after that version. Rows are looked
 * up only where one was ever removed from a ranking of the batch: as {@link isNotDeleted}. The
 * order makes PostgreSQL look that up in the index. Without it a generic plan takes the scopes for
 * common ones, and scans all erasures.
 */
export function isNotRemoved(sql: Sql, events: readonly { board: string; region: string }[]): Fragment {
  const scopes = [...new Set(events.map(({ region, board }) => entryScope(region, board)))];
  return sql`(
      NOT EXISTS (
        SELECT FROM unnest(${scopes}::text[]) AS ranking (scope), LATERAL (
          SELECT FROM erasures WHERE erasures.scope = ranking.scope ORDER BY erasures.user_id LIMIT 1
        ) AS removal
      )
      OR NOT EXISTS (
        SELECT FROM erasures
        WHERE erasures.scope = event.region || '/' || event.board AND erasures.user_id = event.user_id
          AND erasures.erased_at >= ${toTime(sql, "event.updated_at")}
      )
    )`;
}

/**
 * The condition that the board of `event` was not deleted in its region at or after that version.
 * Rows are looked up only where one of the boards was ever deleted: for each of 1,000 rows that
 * would take a fifth of the statement's time.
 */
export const isNotDeleted = (sql: Sql, rankings: ReadonlySet<string>): Fragment => sql`(
      NOT EXISTS (SELECT FROM deleted_boards WHERE deleted_boards.board = ANY(${boardsOf(rankings)}::text[]))
      OR NOT EXISTS (
        SELECT FROM deleted_boards
        WHERE deleted_boards.board = split_part(event.board, '@', 1) AND deleted_boards.region = event.region
          AND deleted_boards.deleted_at >= ${toTime(sql, "event.updated_at")}
      )
    )`;

const boardsOf = (rankings: ReadonlySet<string>) => [
  ...new Set([...rankings].map((ranking) => parseRankingName(ranking)?.board ?? ranking)),
];

/**
 * The condition that `event` is of no season that is archived, or being archived, in its region.
 */
export const isNotFrozen = (sql: Sql): Fragment => sql`
      NOT EXISTS (
        SELECT FROM ended_seasons
        WHERE ended_seasons.ranking = event.board AND ended_seasons.region = event.region AND ended_seasons.frozen
      )`;

/**
 * The order in which an upsert locks its rows: that of the events, see `inKeyOrder`. Without it a
 * hash join with the erasures hands them on in any order, and statements of two drainers that meet
 * on the same rows deadlock.
 */
export const inOrder = (sql: Sql): Fragment => sql`ORDER BY event.place`;
