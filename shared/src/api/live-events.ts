import type { BoardChanges, BoardState } from "../model/board-changes.ts";
import type { RankView } from "./boards.ts";
import type { ProblemCode } from "./problems.ts";

/** Of every stream: whether what was seen last can be read again. */
export type FreshnessEvent =
  /** It cannot at the moment, and why. */
  | { event: "stale"; data: { code: ProblemCode } }
  /** It can, and has not changed. */
  | { event: "fresh"; data: Record<string, never> };

/** What `/live` sends: a board as it is, and then what changes. */
export type BoardEvent =
  /** To be put in the place of all that is there. */
  | { event: "snapshot"; data: BoardState }
  /** The way from the state before; `applyChanges` goes it. */
  | { event: "change"; data: BoardChanges }
  | FreshnessEvent;

/** What `/live/rank/:userId` sends. */
export type RankEvent =
  | { event: "rank"; data: RankView }
  /** The player is not on the board any more. */
  | { event: "not_ranked"; data: { user_id: string } }
  | FreshnessEvent;
