import { toArrayLiteral } from "shared/postgres/array-literal";
import type { Sql } from "shared/postgres/connect-postgres";
import type { ScorePosition } from "../boards/around/score-position.ts";
import type { ArchivedPlace } from "./archived-entry.ts";

/** The positions of entries as rows, numbered from 1 by `n`. */
export function positionOf(sql: Sql, entries: readonly ArchivedPlace[]) {
  const column = (read: (entry: ArchivedPlace) => string) => toArrayLiteral(entries.map(read));
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

const BEFORE_ALL_TIMES = "0";
// PostgreSQL takes it, and no Redis gives a later one out.
const BEHIND_ALL_TIMES = String(Number.MAX_SAFE_INTEGER);
/** Bytewise behind every `user_id`. */
const BEHIND_ALL_IDS = "~";

/** The position ahead of all entries with this score and sub-score. It is of no region. */
export const aheadOfTies = ({ at }: ArchivedPlace): ArchivedPlace => ({
  userId: BEHIND_ALL_IDS,
  region: "",
  at: { ...at, reachedAt: BEFORE_ALL_TIMES },
});

/** The position behind all entries with a score. It is of no region. */
export function behindTies({ position: { score, member } }: Pick<ScorePosition, "position">): ArchivedPlace {
  const at = { sortKey: String(score), subKey: String(Number(member)), reachedAt: BEHIND_ALL_TIMES };
  return { userId: "", region: "", at };
}

/** What two positions of the same score and sub-score have in common. */
export const tieOf = ({ at: { sortKey, subKey } }: ArchivedPlace): string => `${sortKey} ${subKey}`;
