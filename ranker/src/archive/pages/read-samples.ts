import { toArrayLiteral } from "shared/postgres/array-literal";
import type { Sql } from "shared/postgres/connect-postgres";
import {
  type ArchivedRead,
  isOnShelf,
  isShelf,
  type Shelf,
  type ShelfRow,
  shelfColumns,
  toShelves,
} from "../archived-entry.ts";

/** The ranks behind `low` up to `high`, as far as the region has them. */
export interface RankRange {
  region: string;
  low: number;
  high: number;
}

/**
 * Reads rows of each region, evenly spread over a range of its ranks. Hidden rows are among them,
 * because ranks count those: they are places, and no answer shows them.
 *
 * @throws SeasonPurged
 */
export const readSamples =
  (read: ArchivedRead, ranges: readonly RankRange[], count: number) =>
  async (sql: Sql): Promise<Shelf[]> => {
    const column = (of: (range: RankRange) => string | number) =>
      toArrayLiteral(ranges.map((range) => String(of(range))));
    const samples = sql`${String(count)}::text::bigint`;
    const rows = await sql<ShelfRow[]>`
      SELECT ${shelfColumns(sql, false)}
      FROM ended_seasons AS shelf
      JOIN unnest(
        ${column(({ region }) => region)}::text[], ${column(({ low }) => low)}::bigint[],
        ${column(({ high }) => high)}::bigint[]
      ) AS asked (region, low, high) ON asked.region = shelf.region
      CROSS JOIN generate_series(0, ${samples} - 1) AS n
      LEFT JOIN LATERAL (
        SELECT * FROM archived AS entry
        WHERE ${isOnShelf(sql, read.board)}
          AND entry.rank > asked.low + n * (least(asked.high, shelf.total) - asked.low) / ${samples}
        ORDER BY entry.rank LIMIT 1
      ) AS entry ON TRUE
      WHERE ${isShelf(
        sql,
        read,
        column(({ region }) => region),
      )}
      ORDER BY shelf.region, n`;
    return toShelves(rows, { ...read, withDetails: false });
  };
