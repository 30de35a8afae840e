import type { WrittenEntry } from "./entries.ts";
import type { ItemProblem } from "./problems.ts";
import type { Ties } from "./reads.ts";

/** What every write of a score takes: on the board `main` unless given. */
export interface ScoreFields {
  /** Decides between equal scores, on a board that has `sub`; 0 where it is left out. */
  sub?: number | undefined;
  /**
   * A JSON object that is kept with the score, on a board that has `metadata_bytes_max`. Left out,
   * it stays as it is; null clears it.
   */
  metadata?: Record<string, unknown> | null | undefined;
  /** The id of the board; 404 `board_not_found` where there is none. */
  board?: string | undefined;
  /** The season that alone the write is for: refused where another one runs. */
  season?: number | undefined;
  /** How the rank in the answer counts equal scores. */
  ties?: Ties | undefined;
  /** The player's home region; another one is refused. */
  region?: string | undefined;
}

export interface SetScore extends ScoreFields {
  /** Exact from end to end: an integer, or with as many decimals as the board has. */
  score: number;
}

export interface CreateScore extends ScoreFields {
  /** Exact from end to end: an integer, or with as many decimals as the board has. */
  initialScore: number;
}

export interface AddScore extends ScoreFields {
  /** Exact from end to end: an integer, or with as many decimals as the board has. */
  delta: number;
}

/** What an operator's write of a player's score takes. */
export interface OperatorScoreFields extends ScoreFields {
  /**
   * The player's name from now on. A registered player keeps the account's name. Without it the
   * name of the last entry stays, and at the first write the `user_id` stands in.
   */
  name?: string | undefined;
}

/** A score of any player, as an operator submits it. */
export interface ScoreFor extends OperatorScoreFields {
  user_id: string;
  /** Exact from end to end: an integer, or with as many decimals as the board has. */
  score: number;
}

/** `score` alone, which the board's operator takes, or `operation` with `value`. */
export type ScoreOrOperation = { score: number } | { operation: "set" | "best" | "add" | "create"; value: number };

/** One of the scores of `Client.submitScores`. */
export type ScoresItem = OperatorScoreFields & {
  user_id: string;
  /**
   * Makes the write safe to repeat, as the key of a call does for a single one. Without it the
   * call's key counts, with the item's place in the list.
   */
  idempotency_key?: string | undefined;
} & ScoreOrOperation;

/** An item that was written: 201 for an entry that was created. */
export interface WrittenItem extends WrittenEntry {
  status: 200 | 201;
  /** The answer to an earlier write with the same key. */
  replayed?: true | undefined;
}

/** An item that was refused, with what its code adds. */
export interface RefusedItem extends ItemProblem {
  /** The answer to an earlier write with the same key. */
  replayed?: true | undefined;
  used?: number | undefined;
  max?: number | undefined;
  score?: number | undefined;
  bounds?: Record<string, unknown> | undefined;
  season?: number | undefined;
}

export interface WrittenScores {
  /** In the order of the request. */
  items: (WrittenItem | RefusedItem)[];
}
