import { toArrayLiteral } from "shared/postgres/array-literal";
import type { Sql } from "shared/postgres/connect-postgres";
import type { ArchivedEntry } from "./archived-entry.ts";

/** The positions of entries as rows, numbered from 1 by `n`. */
export function positionOf(sql: Sql, entries: readonly ArchivedEntry[]) {
  const column = (read: (entry: ArchivedEntry) => string) => toArrayLiteral(entries.map(read));
  return sql`(
    SELECT n, region, sort_key, sub_key, user_id,
      'epoch'::timestamptz + reached_us * interval '1 microsecond' AS reached_at
    FROM unnest(
      ${column(({ region }) => region)}::text[], ${column(({ at }) => at.sortKey)}::bigint[],
      ${column(({ at }) => at.subKey)}::bigint[], ${column(({ at }) => at.reachedAt)}::bigint[],
      ${column(({ userId }) => userId)}::text[]
    ) WITH ORDINALITY AS asked (region, sort_key, sub_key, reached_us, user_id, n)
  )`;
}
