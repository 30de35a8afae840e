import { BOARD_ID } from "../model/board-id.ts";

/**
 * One season of a board in keys, rows and events. A board without seasons has the name alone, as it
 * always had; `@` is in no id of a board. So code for the entries of a board works on
 * those of a season.
 */
export const toRankingName = (board: string, season: number): string => (season === 0 ? board : `${board}@${season}`);

export interface RankingName {
  board: string;
  /** 0 on a board without seasons. */
  season: number;
}

const SEASON = /^[1-9]\d{0,8}$/;

/** Undefined for a text that no service writes. */
export function parseRankingName(text: string): RankingName | undefined {
  const [board = "", season, ...more] = text.split("@");
  if (!BOARD_ID.test(board) || more.length > 0) return undefined;
  if (season === undefined) return { board, season: 0 };
  return SEASON.test(season) ? { board, season: Number(season) } : undefined;
}

/** The id of the board that a ranking is of. */
export const boardOf = (ranking: string): string => ranking.split("@", 1)[0] ?? ranking;
