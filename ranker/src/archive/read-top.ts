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
} from "./archived-entry.ts";
import { orderOf } from "./index-ranges.ts";

/** Reads the best entries of each of the regions. @throws SeasonPurged */
export const readTop =
  (read: ArchivedRead, regions: readonly string[], limit: number) =>
  async (sql: Sql): Promise<Shelf[]> => {
    const rows = await sql<ShelfRow[]>`
      SELECT ${shelfColumns(sql, read.withDetails)}
      FROM ended_seasons AS shelf
      LEFT JOIN LATERAL (
        SELECT * FROM archived AS entry WHERE ${isOnShelf(sql, read.board)} AND NOT hidden
        ORDER BY ${orderOf(sql, "behind")} LIMIT ${String(limit)}::text::integer
      ) AS entry ON TRUE
      WHERE ${isShelf(sql, read, toArrayLiteral(regions))}`;
    return toShelves(rows, read);
  };
