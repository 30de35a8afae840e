import { invalidQuery } from "shared/api/problems";
import type { Board } from "shared/model/board";
import type { Definitions } from "../../definitions/definitions.ts";
import type { SeasonName } from "../../seasons/in-season.ts";
import { StaleBoard } from "../shard-entry.ts";
import type { Cursor, Cursors } from "./cursors.ts";

/** @throws Problem `invalid_request` for a text that is no cursor of this board and view */
export function openCursor(cursors: Cursors, text: string, { view, board }: Pick<Cursor, "view" | "board">): Cursor {
  const cursor = cursors.read(text);
  if (cursor?.view !== view || cursor.board !== board) throw notItsCursor(view, board);
  return cursor;
}

/**
 * The season to read: the one in which the walk began, also where that has ended since. A board
 * that was made again is another one.
 *
 * @param asked what the caller names
 * @throws Problem `invalid_request`; StaleBoard where this ranker knows the board of before
 */
export async function seasonOfCursor(
  { reload }: Pick<Definitions, "reload">,
  board: Board,
  { cursor, asked }: { cursor: Cursor; asked: SeasonName | undefined },
): Promise<SeasonName | undefined> {
  const { born, season, view } = cursor;
  if (born !== board.born || (season > 0 && !board.has_seasons)) {
    const { rev } = await reload(board.id);
    throw rev === board.rev ? notItsCursor(view, board.id) : new StaleBoard();
  }
  if (!board.has_seasons) return asked;
  if (typeof asked === "number" && asked !== season) {
    throw invalidQuery("season", `must be ${season}, the season of the cursor, or be left out`);
  }
  return season;
}

const notItsCursor = (view: string, board: string) =>
  invalidQuery("cursor", `must be the next or prev of an answer for board ${board} and region ${view} as they are now`);
