import { Problem, problemStatus } from "shared/api/problems";
import type { Board } from "shared/model/board";
import { MAIN_BOARD } from "shared/redis/keys";
import type { Definitions } from "../definitions/definitions.ts";
import { toWritten } from "./to-written.ts";

/**
 * Checks, before a registration, that the main board takes the score that comes with it.
 *
 * @throws Problem `board_read_only`, `operator_not_allowed`, `score_out_of_bounds`;
 *   `invalid_request` that names `initialScore`
 */
export type CheckFirstScore = (value: number) => Promise<void>;

export function createCheckFirstScore({ find, reload }: Pick<Definitions, "find" | "reload">): CheckFirstScore {
  return async (value) => {
    try {
      check(await find(MAIN_BOARD), value);
    } catch {
      // What this ranker knows of the board may be old.
      check(await reload(MAIN_BOARD), value);
    }
  };
}

function check(board: Board, value: number): void {
  toWritten(board, { operation: "create", board: board.id, value, valueField: "initialScore" });
  const { min, max } = board.bounds ?? { min: null, max: null };
  if (value >= (min ?? value) && value <= (max ?? value)) return;
  throw new Problem("score_out_of_bounds", "The initial score is outside of the bounds of the main board.", {
    members: { score: value, bounds: board.bounds },
  });
}

/** Whether a repeat of the write would be refused again: the board does not take such a score. */
export function isRefusedForGood(error: unknown): boolean {
  if (!(error instanceof Problem)) return false;
  const status = problemStatus[error.code];
  return status === 400 || status === 403 || status === 409 || status === 422;
}
