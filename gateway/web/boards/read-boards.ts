import { notUnderstood } from "shared/client/errors";
import { send } from "../client.ts";

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

/** What the page reads of a definition. */
interface Definition {
  id: string;
  title?: string | null;
}

const PAGE_BOARDS = 100;

/** Reads a part of the list of boards, the first one without a cursor. @throws LeaderboardError */
export function readBoards(cursor: string | undefined): Promise<BoardPage> {
  const query = new URLSearchParams({ limit: String(PAGE_BOARDS) });
  if (cursor !== undefined) query.set("cursor", cursor);
  return get(`/boards?${query}`, ({ boards, next }: { boards: Definition[]; next?: string | null }) => ({
    boards: boards.map(toNamed),
    next: next ?? undefined,
  }));
}

/** Reads one board. @throws LeaderboardError `board_not_found` */
export const readBoard = (id: string): Promise<NamedBoard> => get(`/boards/${id}`, toNamed);

/** @throws LeaderboardError `not_understood` where something else answers, such as a proxy */
async function get<A, T>(target: string, read: (answer: A) => T): Promise<T> {
  const response = await send({ method: "GET", target, isRepeatable: true });
  try {
    return read((await response.json()) as A);
  } catch {
    throw notUnderstood(response);
  }
}

/** @throws TypeError for what is no definition */
function toNamed({ id, title }: Definition): NamedBoard {
  if (typeof id !== "string") throw new TypeError("a board has no id");
  return { id, title: title || id };
}
