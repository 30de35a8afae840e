import type { BoardView } from "shared/api/definitions";
import { client } from "../client.ts";
import type { ScoreFormat } from "../format.ts";

/** A board as readers see it. */
export interface NamedBoard extends ScoreFormat {
  id: string;
  /** The id where the board has no title. */
  title: string;
  isLowestFirst: boolean;
  /** Milliseconds since the epoch; undefined for a board without an end. */
  endsAtMs: number | undefined;
  hasSeasons: boolean;
}

/** A board of which no more than the id is known. */
export const unknownBoard = (id: string): NamedBoard => ({
  id,
  title: id,
  isLowestFirst: false,
  decimals: 0,
  unit: "",
  endsAtMs: undefined,
  hasSeasons: false,
});

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

/** Servers of earlier versions leave out some fields. */
function toNamed({ id, title, order, decimals = 0, unit = "", season }: PartialView): NamedBoard {
  const endsAtMs = season != null && "ends_at" in season ? Date.parse(season.ends_at) : undefined;
  const hasSeasons = season != null && "schedule" in season;
  return { id, title: title || id, isLowestFirst: order === "asc", decimals, unit, endsAtMs, hasSeasons };
}

type PartialView = Pick<BoardView, "id" | "title"> & Partial<BoardView>;
