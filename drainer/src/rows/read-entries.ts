import type { Sql } from "shared/postgres/connect-postgres";
import type { Database } from "shared/postgres/database";
import { PAGE_ROWS, readPages, validUserIds } from "./row-pages.ts";
import { toMicroseconds } from "./version-rule.ts";

/**
 * A durable entry. Integers and times (microseconds) are decimal strings, exact, and metadata is a
 * JSON text. What the entry does not have is null or absent, `sort_key` where it is the score.
 */
export interface EntryRow {
  board: string;
  user_id: string;
  name: string;
  region: string;
  score: string;
  reached_at: string;
  updated_at: string;
  sort_key?: string | null | undefined;
  sub?: string | null | undefined;
  sub_key?: string | null | undefined;
  attempts?: string | null | undefined;
  metadata?: string | null | undefined;
}

const columns = (sql: Sql) => sql`
  board, user_id, name, region, score::text AS score,
  ${toMicroseconds(sql, "reached_at")} AS reached_at, ${toMicroseconds(sql, "updated_at")} AS updated_at,
  sort_key::text AS sort_key, sub::text AS sub, sub_key::text AS sub_key, attempts::text AS attempts,
  metadata::text AS metadata`;

/**
 * The condition that a row is of no season that is final: it is about to leave the table, and Redis
 * has nothing of it any more.
 */
const isPresent = (sql: Sql) => sql`NOT EXISTS (
        SELECT FROM ended_seasons AS ended
        WHERE NOT ended.settled AND ended.state = 'final'
          AND ended.ranking = leaderboard.board AND ended.region = leaderboard.region
      )`;

/** All entries of a database, page by page. */
export const readEntries = (database: Database): AsyncGenerator<EntryRow[]> =>
  readPages(
    database,
    (sql, last) => sql<EntryRow[]>`
      SELECT ${columns(sql)} FROM leaderboard
      WHERE (board, user_id) > (${last?.board ?? ""}, ${last?.user_id ?? ""}) AND ${isPresent(sql)}
      ORDER BY board, user_id LIMIT ${PAGE_ROWS}`,
  );

/** One board of one region, with or without hidden players. */
export interface BoardPart {
  board: string;
  region: string;
  from: "leaderboard" | "visible_leaderboard";
}

/** The entries of one region on one board, page by page. */
export const readBoardEntries = (
  database: Database,
  { board, region, from }: BoardPart,
  pageRows: number,
): AsyncGenerator<EntryRow[]> =>
  readPages(
    database,
    (sql, last) => sql<EntryRow[]>`
      SELECT ${columns(sql)} FROM ${sql(from)}
      WHERE board = ${board} AND region = ${region} AND user_id > ${last?.user_id ?? ""}
      ORDER BY user_id LIMIT ${pageRows}`,
  );

/** The entries of these players on one board, in any region. */
export const readEntriesOf = (database: Database, board: string, userIds: readonly string[]): Promise<EntryRow[]> =>
  database.run(
    (sql) => sql<EntryRow[]>`
      SELECT ${columns(sql)} FROM leaderboard
      WHERE board = ${board} AND user_id = ANY(${validUserIds(userIds)}::text[]) AND ${isPresent(sql)}`,
  );
