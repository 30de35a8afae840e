import { toArrayLiteral } from "shared/postgres/array-literal";
import type { Sql } from "shared/postgres/connect-postgres";
import {
  type ArchivedPlace,
  type ArchivedRead,
  isOnShelf,
  isShelf,
  type Shelf,
  type ShelfRow,
  shelfColumns,
  toShelves,
} from "./archived-entry.ts";
import { joined, orderOf, rangesOf, type Side } from "./index-ranges.ts";
import { positionOf } from "./position.ts";

/**
 * Reads the entries next to a position on one of its sides, `size` of each region.
 *
 * @throws SeasonPurged
 */
export const readNeighbours =
  (read: ArchivedRead, regions: readonly string[], { position, side, size }: NeighboursQuestion) =>
  async (sql: Sql): Promise<Shelf[]> => {
    const order = orderOf(sql, side);
    const limit = sql`LIMIT ${String(size)}::text::integer`;
    const ranges = rangesOf(sql, side).map(
      (range) => sql`
        (
          SELECT * FROM archived AS entry WHERE ${isOnShelf(sql, read.board)} AND NOT hidden AND ${range}
          ORDER BY ${order} ${limit}
        )`,
    );
    const rows = await sql<ShelfRow[]>`
      SELECT ${shelfColumns(sql, read.withDetails)}
      FROM ${positionOf(sql, [position])} AS at
      CROSS JOIN ended_seasons AS shelf
      LEFT JOIN LATERAL (
        SELECT * FROM (${joined(sql, ranges, sql`UNION ALL`)}) AS near ORDER BY ${order} ${limit}
      ) AS entry ON TRUE
      WHERE ${isShelf(sql, read, toArrayLiteral(regions))}`;
    return toShelves(rows, read);
  };

export interface NeighboursQuestion {
  position: ArchivedPlace;
  side: Side;
  size: number;
}
