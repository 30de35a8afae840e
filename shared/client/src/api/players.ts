import type { OperatorScoreFields, ScoreOrOperation } from "./scores.ts";

/** An entry after an operator's change. */
export interface ChangedEntry {
  user_id: string;
  board: string;
  name?: string | undefined;
  metadata?: Record<string, unknown> | null | undefined;
  season?: number | undefined;
}

/** What an operator changes of one entry: the name, the metadata, or both. */
export interface EntryChange {
  /** On a board with seasons: the one that runs unless given. */
  season?: number | undefined;
  /** For the audit log. */
  reason?: string | undefined;
  /** The name of this entry, until the player's next write. */
  name?: string | undefined;
  /** Replaces what the entry has; null clears it. */
  metadata?: Record<string, unknown> | null | undefined;
}

/** Which entry an operator removes. */
export interface EntryRemoval {
  /** On a board with seasons: the one that runs unless given. */
  season?: number | undefined;
  /** For the audit log. */
  reason?: string | undefined;
}

/** What there was of a player before the erasure. */
export interface ErasedPlayer {
  user_id: string;
  /** Entries that there were, on all boards. */
  entries: number;
  /** Whether there was an account. */
  account: boolean;
}

/** A name that an operator gives a player. */
export interface OperatorName {
  /**
   * Shown on the boards, in Unicode's form NFC and without outer white space. At least one
   * visible character; no line or paragraph separators, no control characters, no lone
   * surrogates.
   */
  name: string;
  /** For the audit log. */
  reason?: string | undefined;
}

/** Why an operator acts. */
export interface OperatorReason {
  /** For the audit log. */
  reason?: string | undefined;
}

/** `score` alone, which the board's operator takes, or `operation` with `value`. */
export type OperatorScore = OperatorScoreFields & ScoreOrOperation;

/** All that the service stores about a player. */
export interface PlayerRecord {
  user_id: string;
  /** Null for a player who did not register here. */
  account: {
    name: string;
    region: string;
    has_password: boolean;
    /** Whether the player came as a guest with a `device_id`. */
    has_device: boolean;
    created_at: string;
    updated_at: string;
  } | null;
  /** Whether operators keep the player off the boards. */
  hidden: boolean;
  entries: {
    board: string;
    region: string;
    name: string;
    score: number;
    reached_at: string;
    updated_at: string;
    season?: number | undefined;
    sub?: number | undefined;
    metadata?: Record<string, unknown> | null | undefined;
    /** Writes of the player, on a board that counts them. */
    attempts?: number | undefined;
    /** Of a season that is final: the rank in the region at its end. */
    rank?: number | undefined;
  }[];
  /** The `cursor` that the entries of more boards are read with; null where these are the last. */
  next: string | null;
  /** Events on their way to PostgreSQL, without the hash of a password. */
  waiting: string[];
  /** Events that PostgreSQL refused. */
  dead: {
    at: string;
    reason: string;
    event: string;
  }[];
}

export interface PlayerRecordQuery {
  limit?: number | undefined;
  /** `next` of the answer before. The answer then has no events: the first one has all. */
  cursor?: string | undefined;
  /** Also entries of seasons that are final, each of which counts as a board. */
  with?: "archives" | undefined;
}

/** Whether a player is on the boards. */
export interface PlayerVisibility {
  user_id: string;
  hidden: boolean;
  /** Boards on which the player has a score, which is kept. */
  boards: number;
}

/** The entry that is gone. */
export interface RemovedEntry {
  removed: true;
  user_id: string;
  board: string;
  season?: number | undefined;
}

/** A player under the name that an operator gave. */
export interface RenamedPlayer {
  user_id: string;
  name: string;
  /** Boards that show the name. */
  boards: number;
}

/** A password that the server made. */
export interface GivenPassword {
  user_id: string;
  /** Told once, to hand on to the player. */
  password: string;
}
