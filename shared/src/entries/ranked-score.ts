import type { Board } from "../model/board.ts";
import { fromUnits, toUnits } from "./units.ts";

/**
 * What a sorted set ranks by, the greatest first: the score in units, negated on a board where the
 * lowest is the best.
 */

type Ranking = Pick<Board, "order" | "decimals">;

/** Undefined for a number that is no score of the board. Never minus zero. */
export function toRankedScore({ order, decimals }: Ranking, score: number): number | undefined {
  const units = toUnits(score, decimals);
  return units === undefined || order === "desc" ? units : 0 - units;
}

/** The score that callers see. */
export const fromRankedScore = ({ order, decimals }: Ranking, ranked: number): number =>
  fromUnits(order === "desc" ? ranked : 0 - ranked, decimals);
