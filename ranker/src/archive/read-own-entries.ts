import { toArrayLiteral } from "shared/postgres/array-literal";
import type { Sql } from "shared/postgres/connect-postgres";

/** A player's entry in a season that is final, hidden or not. Times are microseconds. */
export interface OwnEntry {
  /** Its board and season, as in keys. */
  ranking: string;
  board: string;
  season: number;
  region: string;
  /** In its region, at the end of the season. */
  rank: string;
  name: string;
  sort_key: string;
  sub: string | null;
  reached_us: string;
  updated_us: string;
  metadata: string | null;
}

/** Which rankings are meant: the first `limit` behind `after`, bytewise by their names. */
export interface RankingPage {
  after: string;
  limit: number;
}

/**
 * Reads the entries of one player from these regions, which are rows of one index beside each
 * other.
 */
export const readOwnEntries =
  (regions: readonly string[], userId: string, { after, limit }: RankingPage) =>
  (sql: Sql): Promise<OwnEntry[]> =>
    sql<OwnEntry[]>`
    SELECT shelf.ranking, entry.board, entry.season, entry.region, entry.rank, entry.name, entry.sort_key, entry.sub,
      trunc(extract(epoch FROM entry.reached_at) * 1000000)::text AS reached_us,
      trunc(extract(epoch FROM entry.updated_at) * 1000000)::text AS updated_us,
      entry.metadata::text AS metadata
    FROM archived AS entry
    JOIN ended_seasons AS shelf ON shelf.ranking = entry.board || '@' || entry.season AND shelf.region = entry.region
      AND shelf.state = 'final' AND NOT shelf.purged
    WHERE entry.user_id = ${userId} AND entry.region = ANY (${toArrayLiteral(regions)}::text[])
      AND shelf.ranking COLLATE "C" > ${after}
    ORDER BY shelf.ranking COLLATE "C"
    LIMIT ${String(limit)}::text::integer`;
