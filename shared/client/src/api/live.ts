import type { Entry } from "./entries.ts";
import type { ProblemCode } from "./problems.ts";
import type { RankView } from "./reads.ts";

/** The top of a view: ranks count from 1, without a gap. */
export interface BoardState {
  region: string;
  board: string;
  /** Number of entries in the whole view. */
  total: number;
  entries: Entry[];
  /** On a board with seasons, the one that runs. A change is within it. */
  season?: number | undefined;
  starts_at?: string | null | undefined;
  ends_at?: string | null | undefined;
}

/** Identifies an entry: a player who was moved by hand may stand in two regions. */
export interface EntryName {
  user_id: string;
  region: string;
}

/** The difference between two states. An entry is in at most one of the lists. */
export interface BoardChanges {
  total: number;
  left: EntryName[];
  entered: Entry[];
  /** Entries with another score, time, tier or name; the rank may differ as well. */
  changed: Entry[];
  /** Entries of which only the rank differs. */
  moved: (EntryName & { rank: number })[];
}

/** What to follow: the main board of `GLOBAL` unless given. */
export interface LiveQuery {
  region?: string | undefined;
  limit?: number | undefined;
  /** The id of the board; 404 `board_not_found` where there is none. */
  board?: string | undefined;
}

export interface LiveRankQuery {
  region?: string | undefined;
  /** The id of the board; 404 `board_not_found` where there is none. */
  board?: string | undefined;
}

/** Events of every stream: whether the entries that it showed last can still be read. */
export type FreshnessEvent =
  /** They cannot at the moment, for this reason. */
  | { event: "stale"; data: { code: ProblemCode } }
  /** They can, and have not changed. */
  | { event: "fresh"; data: Record<string, never> };

/** Events of `Client.live`: a board, then its changes. */
export type BoardEvent =
  /** Replaces all entries. */
  | { event: "snapshot"; data: BoardState }
  /** What has changed: `applyChanges` applies it to the state before. */
  | { event: "change"; data: BoardChanges }
  /** Another season runs, or ends at another time; a snapshot of it follows. */
  | { event: "season"; data: Pick<BoardState, "season" | "starts_at" | "ends_at"> }
  | FreshnessEvent;

/** Events of `Client.liveRank`. */
export type RankEvent =
  | { event: "rank"; data: RankView }
  /** The player has left the board. */
  | { event: "not_ranked"; data: { user_id: string } }
  | FreshnessEvent;
