import { invalidQuery } from "shared/api/problems";
import { toRankedScore } from "shared/entries/ranked-score";
import { SUB_DIGITS, toSubKey } from "shared/entries/sub-score";
import type { Board } from "shared/model/board";
import { faultOfScore } from "../../writes/to-written.ts";
import type { Position } from "../shard-entry.ts";

/** A score as a caller gives it. */
export interface GivenScore {
  score: number;
  /** 0 on a board with sub-scores unless given. */
  sub?: number | undefined;
}

/** Where who wrote a score now would be. */
export interface ScorePosition {
  /** Behind all entries that have the score. */
  position: Position;
  /** What the answer says of it. */
  shown: { score: number; sub?: number };
}

/** @throws Problem `invalid_request` that names `score` or `sub` */
export function toScorePosition(board: Board, { score, sub }: GivenScore): ScorePosition {
  const ranked = toRankedScore(board, score);
  if (ranked === undefined) throw invalidQuery("score", faultOfScore(board));
  if (board.sub === null) {
    if (sub !== undefined) throw invalidQuery("sub", `must be left out: board ${board.id} has no sub-scores`);
    return { position: { score: ranked, member: "" }, shown: { score } };
  }
  const { sub: order } = board;
  const member = toSubKey(order, sub ?? 0).padStart(SUB_DIGITS, "0");
  return { position: { score: ranked, member }, shown: { score, sub: sub ?? 0 } };
}
