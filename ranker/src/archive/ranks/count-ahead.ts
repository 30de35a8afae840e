import { toArrayLiteral } from "shared/postgres/array-literal";
import type { Sql } from "shared/postgres/connect-postgres";
import { type ArchivedPlace, type ArchivedRead, isOnShelf, isShelf, SeasonPurged } from "../archived-entry.ts";
import { type Fragment, joined, orderOf, rangesOf } from "../index-ranges.ts";
import { positionOf } from "../position.ts";

/**
 * How many players of these regions, each entry's own left out, were ranked ahead of the entry at
 * the end. Nothing is counted: the last row ahead has its rank. It is looked for among the visible
 * and among the hidden rows, so that who is hidden later moves no rank.
 *
 * @returns one number an entry
 * @throws SeasonPurged
 */
export const countAhead =
  ({ board }: Pick<ArchivedRead, "board">, regions: readonly string[], entries: readonly ArchivedPlace[]) =>
  async (sql: Sql): Promise<number[]> => {
    // COALESCE asks for a farther row only where there is no nearer one.
    const lastOf = (visibility: Fragment) => {
      const nearest = rangesOf(sql, "ahead").map(
        (range) => sql`
          (
            SELECT entry.rank - 1 + entry.counted::integer FROM archived AS entry
            WHERE ${isOnShelf(sql, board)} AND ${visibility} AND ${range} ORDER BY ${orderOf(sql, "ahead")} LIMIT 1
          )`,
      );
      return sql`coalesce(${joined(sql, nearest, sql`,`)})`;
    };
    const rows = await sql<{ n: string; purged: boolean; ahead: string }[]>`
      SELECT at.n, bool_or(shelf.purged) AS purged,
        coalesce(sum(greatest(${lastOf(sql`NOT hidden`)}, ${lastOf(sql`hidden`)})), 0)::text AS ahead
      FROM ${positionOf(sql, entries)} AS at
      CROSS JOIN ended_seasons AS shelf
      WHERE ${isShelf(sql, { board }, toArrayLiteral(regions))} AND shelf.region <> at.region
      GROUP BY at.n`;
    if (rows.some(({ purged }) => purged)) throw new SeasonPurged();
    const byNumber = new Map(rows.map(({ n, ahead }) => [Number(n), Number(ahead)]));
    return entries.map((_, index) => byNumber.get(index + 1) ?? 0);
  };
