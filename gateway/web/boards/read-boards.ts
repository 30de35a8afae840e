import type { BoardView } from "shared/api/definitions";
import { client } from "../client.ts";

/** A board as readers see it. */
export interface NamedBoard {
  id: string;
  /** The id where the board has no title. */
  title: string;
}

/** A part of the list of boards. */
export interface BoardPage {
  boards: readonly NamedBoard[];
  /** The cursor of the next part; undefined after the last. */
  next: string | undefined;
}

const PAGE_BOARDS = 100;

/** Reads a part of the list of boards, the first one without a cursor. @throws LeaderboardError */
export async function readBoards(cursor: string | undefined): Promise<BoardPage> {
  const limited = { limit: PAGE_BOARDS };
  const { boards, next } = await client.listBoards(cursor === undefined ? limited : { ...limited, cursor });
  return { boards: boards.map(toNamed), next: next ?? undefined };
}

/** Reads one board. @throws LeaderboardError `board_not_found` */
export const readBoard = async (id: string): Promise<NamedBoard> => toNamed(await client.readBoard(id));

const toNamed = ({ id, title }: BoardView): NamedBoard => ({ id, title: title || id });
