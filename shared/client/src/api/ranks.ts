import type { Entry } from "./entries.ts";
import type { ItemProblem } from "./problems.ts";
import type { RankQuery, RankView, ViewFacts } from "./reads.ts";

export type PlayerBoardsQuery = Omit<RankQuery, "board">;

/** A player's place on one board, or why there is none. */
export type BoardPlace =
  | (RankView & { board: string; status: 200 })
  | (ItemProblem & { board: string; missing_regions?: string[] | undefined });

export interface PlayerBoardsView {
  user_id: string;
  /** The region that was asked for, or `GLOBAL`. */
  region: string;
  /** In the order in which the boards were asked for. */
  boards: BoardPlace[];
}

export interface RanksQuestion extends Omit<RankQuery, "season"> {
  /** Up to 200. An id that is given twice is answered once. */
  ids: string[];
  /** On a board with seasons: `current`, which is the default, `previous`, or a number. */
  season?: string | number | undefined;
}

/** An entry among those that were asked for. */
export interface PlacedEntry extends Entry {
  rank: number;
  /** The place among the ids that are ranked; 1 is the best. */
  position: number;
}

export interface RanksView extends ViewFacts {
  /** The region that was asked for, or `GLOBAL`. */
  region: string;
  /** Entries of the view. */
  total: number;
  /** Those of the ids that are ranked, the best first, with their ranks in the view. */
  entries: PlacedEntry[];
  /** Those that have no entry, or are hidden, in their order. */
  not_ranked: string[];
  /** Those that may be in a missing region; present where `partial` is `allow`. */
  unknown?: string[] | undefined;
}
