import type { Sql } from "shared/postgres/connect-postgres";
import type { Database } from "shared/postgres/database";
import { toInstant, toMicroseconds } from "../rows/version-rule.ts";

/** A board that an operator has deleted, until nothing is left of it. */
export interface Deletion {
  id: string;
  /** The revision of the deletion, microseconds. */
  rev: number;
}

export interface Deletions {
  /** The oldest ones. */
  oldest: Deletion[];
  /** All of them. */
  count: number;
}

/** Deletions that one look works on. The others wait for the oldest. */
const DELETIONS_MAX = 100;
/** Rows of one statement: it takes some 10 ms. */
export const PURGED_ROWS_MAX = 1_000;

/** Boards that are being deleted, out of the home database. */
export async function readDeletions(database: Database): Promise<Deletions> {
  const rows = await database.run(
    (sql) => sql<{ id: string; rev: string; count: string }[]>`
      SELECT id, ${toMicroseconds(sql, "updated_at")} AS rev, count(*) OVER ()::text AS count
      FROM settings WHERE deleting AND kind = 'boards'
      ORDER BY updated_at LIMIT ${DELETIONS_MAX}`,
  );
  return { oldest: rows.map(({ id, rev }) => ({ id, rev: Number(rev) })), count: Number(rows[0]?.count ?? 0) };
}

/** One board in one region. */
export interface RegionDeletion extends Deletion {
  region: string;
}

/**
 * Keeps events of the board out of the region's database from now on.
 *
 * @returns false where the deletion has ended in this region
 */
export async function beginDeletion(database: Database, { id, rev, region }: RegionDeletion): Promise<boolean> {
  const [row] = await database.run(
    (sql) => sql<{ begun: boolean }[]>`SELECT begin_deletion(${id}, ${region}, ${String(rev)}::bigint) AS begun`,
  );
  return row?.begun === true;
}

/** The condition that this deletion goes on, within the statement that it allows. */
export const isGoingOn = (sql: Sql, { id, rev, region }: RegionDeletion) => sql`EXISTS (
      SELECT FROM deleted_boards
      WHERE board = ${id} AND region = ${region} AND revision = ${String(rev)}::bigint AND deleted_at = 'infinity'
    )`;

/**
 * Deletes the rows of a region among some rows of the board, or of one of its seasons, and those of
 * regions that the database does not have.
 *
 * @param ranking the board, or the season
 * @param regions all regions of the database
 * @param after the player behind whom the page begins
 * @returns the last player of the page; undefined behind the last one
 */
export async function purgeRows(
  database: Database,
  deletion: RegionDeletion,
  { ranking, regions, after }: { ranking: string; regions: readonly string[]; after: string },
): Promise<string | undefined> {
  const { region } = deletion;
  const [row] = await database.run(
    (sql) => sql<{ last: string | null }[]>`
      WITH page AS (
        SELECT user_id FROM leaderboard
        WHERE board = ${ranking} AND user_id > ${after} ORDER BY user_id LIMIT ${PURGED_ROWS_MAX}
      ), purged AS (
        DELETE FROM leaderboard
        WHERE board = ${ranking} AND user_id IN (SELECT user_id FROM page)
          AND (region = ${region} OR region <> ALL(${[...regions]}::text[]))
          AND ${isGoingOn(sql, deletion)}
      )
      SELECT (SELECT user_id FROM page ORDER BY user_id DESC LIMIT 1) AS last`,
  );
  return row?.last ?? undefined;
}

/**
 * Lets newer events of the id in again.
 *
 * @param version the newest that the region may have of it
 */
export async function endDeletion(database: Database, deletion: RegionDeletion, version: number): Promise<void> {
  const { id, region } = deletion;
  await database.run(
    (sql) => sql`
      UPDATE deleted_boards
      SET deleted_at = ${toInstant(sql, version)}
      WHERE board = ${id} AND region = ${region} AND ${isGoingOn(sql, deletion)}`,
  );
}
