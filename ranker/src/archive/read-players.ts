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

/** Reads players' entries, which are each in one of the regions. @throws SeasonPurged */
export const readPlayers =
  (read: ArchivedRead, regions: readonly string[], userIds: readonly string[], { withHidden = false } = {}) =>
  async (sql: Sql): Promise<Shelf[]> => {
    const rows = await sql<ShelfRow[]>`
      SELECT ${shelfColumns(sql, read.withDetails)}
      FROM ended_seasons AS shelf
      LEFT JOIN archived AS entry ON ${isOnShelf(sql, read.board)}
        AND entry.user_id = ANY (${toArrayLiteral(userIds)}::text[]) AND (${withHidden} OR NOT entry.hidden)
      WHERE ${isShelf(sql, read, toArrayLiteral(regions))}`;
    return toShelves(rows, read);
  };
