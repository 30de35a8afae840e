import type { Sql } from "shared/postgres/connect-postgres";

/** What has become of a season in all regions; `purging` ones are as good as purged. */
export interface SeasonRow {
  season: number;
  state: "closing" | "incomplete" | "final" | "purging" | "purged";
  /** Microseconds. */
  startsAt: number;
  endsAt: number;
  /** Ranked entries; null where they are not known, or no more of interest. */
  total: number | null;
}

/** Seasons of a board that have ended, the newest first: `limit` of those before a number. */
export const readSeasons =
  (board: string, { before, limit }: { before: number; limit: number }) =>
  async (sql: Sql): Promise<SeasonRow[]> => {
    const rows = await sql<
      { season: number; state: SeasonRow["state"]; starts: string; ends: string; total: string | null }[]
    >`
      SELECT season, state, total, trunc(extract(epoch FROM starts_at) * 1000000)::text AS starts,
        trunc(extract(epoch FROM ends_at) * 1000000)::text AS ends
      FROM seasons WHERE board = ${board} AND season < ${before}::text::integer
      ORDER BY season DESC LIMIT ${limit}::text::integer`;
    return rows.map(({ season, state, starts, ends, total }) => ({
      season,
      state,
      startsAt: Number(starts),
      endsAt: Number(ends),
      total: state === "final" && total !== null ? Number(total) : null,
    }));
  };
