import type { Board } from "shared/model/board";
import { toRankingName } from "shared/seasons/ranking-name";

/** A board in one of its seasons: the ranking that a read or a write is of. */
export interface RankedBoard extends Board {
  /** The number of the season; 0 on a board without seasons, and for what was before the first. */
  readonly number: number;
  /** Names the ranking in keys and events. */
  readonly ranking: string;
  /**
   * What reads ask of the shard's season, as `refusal_of` of their scripts takes it: that `number`
   * has not ended, or with ` kept` behind it that its keys are there. Empty without seasons.
   */
  readonly wanted: string;
}

// A board is found again and again as the same object: most reads and writes make none.
const lastOf = new WeakMap<Board, RankedBoard>();

/** @param number 0 on a board without seasons */
export function rankedIn(board: Board, number: number): RankedBoard {
  const last = lastOf.get(board);
  if (last?.number === number) return last;
  const wanted = board.has_seasons ? String(number) : "";
  const ranked = { ...board, number, ranking: toRankingName(board.id, number), wanted };
  lastOf.set(board, ranked);
  return ranked;
}

/** The same season for as long as its keys are there, also once it has ended. */
export const keptSeason = (board: RankedBoard): RankedBoard =>
  board.has_seasons ? { ...board, wanted: `${board.number} kept` } : board;
