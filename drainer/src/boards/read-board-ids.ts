import type { Database } from "shared/postgres/database";
import { parseRankingName } from "shared/seasons/ranking-name";
import { readPages } from "../rows/row-pages.ts";

/** Ids of one statement: each is a seek in the index, so that no board is read through. */
const IDS_MAX = 500;

interface BoardId {
  board: string;
}

/**
 * The names of all boards, and of their seasons, that have rows in a database, page by page. Left
 * out are names that no service wrote, and seasons that are final and about to leave the table.
 *
 * @throws what PostgreSQL throws
 */
export async function* readBoardIds(database: Database): AsyncGenerator<string[]> {
  const pages = readPages<BoardId>(
    database,
    (sql, last) => sql<BoardId[]>`
      WITH RECURSIVE found AS (
        (SELECT board FROM leaderboard WHERE board > ${last?.board ?? ""} ORDER BY board LIMIT 1)
        UNION ALL
        SELECT following.board
        FROM found, LATERAL (
          SELECT board FROM leaderboard WHERE leaderboard.board > found.board ORDER BY board LIMIT 1
        ) AS following
      )
      SELECT board FROM found
      WHERE NOT EXISTS (SELECT FROM ended_seasons WHERE ranking = board AND state = 'final' AND NOT settled)
      LIMIT ${IDS_MAX}`,
  );
  for await (const page of pages)
    yield page.map(({ board }) => board).filter((board) => parseRankingName(board) !== undefined);
}

/** Whether a board has a row in a database. */
export async function hasRows(database: Database, board: string): Promise<boolean> {
  const [found] = await database.run((sql) => sql`SELECT FROM leaderboard WHERE board = ${board} LIMIT 1`);
  return found !== undefined;
}
