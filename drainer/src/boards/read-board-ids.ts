import { isBoardId } from "shared/model/board-id";
import type { Database } from "../postgres/database.ts";
import { readPages } from "../rows/row-pages.ts";

/** Ids of one statement: each is a seek in the index, so that no board is read through. */
const IDS_MAX = 500;

interface BoardId {
  board: string;
}

/**
 * The ids of all boards that have rows in a database, page by page. Left out are ids that no
 * service wrote.
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
      SELECT board FROM found LIMIT ${IDS_MAX}`,
  );
  for await (const page of pages) yield page.map(({ board }) => board).filter(isBoardId);
}

/** Whether a board has a row in a database. */
export async function hasRows(database: Database, board: string): Promise<boolean> {
  const [found] = await database.run((sql) => sql`SELECT FROM leaderboard WHERE board = ${board} LIMIT 1`);
  return found !== undefined;
}
