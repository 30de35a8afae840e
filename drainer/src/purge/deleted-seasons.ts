import type { Database } from "shared/postgres/database";
import { toRankingName } from "shared/seasons/ranking-name";
import type { Fragment } from "../rows/version-rule.ts";
import { toInstant } from "../rows/version-rule.ts";
import { type Deletion, isGoingOn, PURGED_ROWS_MAX, type RegionDeletion } from "./deleted-boards.ts";

/**
 * The names of a deleted board's seasons that have rows: of those that have ended, and of some
 * more.
 */
export async function readSeasonsWithRows(
  database: Database,
  { id }: RegionDeletion,
  seasons: readonly number[],
): Promise<string[]> {
  const rows = await database.run(
    (sql) => sql<{ ranking: string }[]>`
      SELECT ranking FROM (
        SELECT ranking FROM ended_seasons WHERE board = ${id} AND NOT settled
        UNION
        SELECT unnest(${seasons.map((season) => toRankingName(id, season))}::text[])
      ) AS season
      WHERE EXISTS (SELECT FROM leaderboard WHERE leaderboard.board = season.ranking)`,
  );
  return rows.map(({ ranking }) => ranking);
}

/**
 * Deletes some rows of the archives of a region.
 *
 * @returns a player; undefined once none is left
 */
export async function purgeArchives(database: Database, deletion: RegionDeletion): Promise<string | undefined> {
  const { id, region } = deletion;
  const [row] = await database.run((sql) => {
    const some = (hidden: Fragment) => sql`
      (
        SELECT season, user_id FROM archived WHERE board = ${id} AND region = ${region} AND ${hidden}
        LIMIT ${PURGED_ROWS_MAX}
      )`;
    return sql<{ last: string | null }[]>`
      WITH page AS (
        ${some(sql`NOT hidden`)} UNION ALL ${some(sql`hidden`)} LIMIT ${PURGED_ROWS_MAX}
      ), purged AS (
        DELETE FROM archived USING page
        WHERE board = ${id} AND region = ${region} AND archived.season = page.season AND archived.user_id = page.user_id
          AND ${isGoingOn(sql, deletion)}
        RETURNING archived.user_id
      )
      SELECT max(user_id) AS last FROM purged`;
  });
  return row?.last ?? undefined;
}

/** Forgets which seasons of the board have ended in a region. */
export async function forgetSeasons(database: Database, deletion: RegionDeletion): Promise<void> {
  const { id, region } = deletion;
  await database.run(
    (sql) => sql`
      WITH ends AS (
        DELETE FROM season_ends WHERE board = ${id} AND region = ${region} AND ${isGoingOn(sql, deletion)}
      )
      DELETE FROM ended_seasons WHERE board = ${id} AND region = ${region} AND ${isGoingOn(sql, deletion)}`,
  );
}

/** Forgets all seasons of the board, in the home database. */
export async function forgetAllSeasons(home: Database, { id, rev }: Deletion): Promise<void> {
  await home.run(
    (sql) => sql`
      DELETE FROM seasons WHERE board = ${id} AND EXISTS (
        SELECT FROM settings WHERE kind = 'boards' AND settings.id = ${id} AND deleting
          AND updated_at = ${toInstant(sql, rev)}
      )`,
  );
}
