/** One player's score on a board. */
export interface Entry {
  user_id: string;
  name: string;
  /** The player's home region. */
  region: string;
  /** With as many decimals as the board has. */
  score: number;
  /** When the score was last written, to the µs. */
  updated_at: string;
  /**
   * 1 is the best. Null only in the answer to a write that stands, but whose rank could not be
   * read, or whose player is hidden.
   */
  rank: number | null;
  /** The sub-score, on a board that has them. */
  sub?: number | undefined;
  /** On a board that has tiers; null behind the last one, and where the rank is. */
  tier?: string | null | undefined;
  /** Where `with=metadata` asks for it; null where there is none. */
  metadata?: Record<string, unknown> | null | undefined;
}

/** The answer to a write of a score: the entry as it is now. */
export interface WrittenEntry extends Entry {
  /**
   * Whether the score or the sub-score is another than before. `best` writes nothing where it is
   * not better.
   */
  changed: boolean;
  /** The entry before the write; null where there was none. */
  previous: { score: number; rank: number | null } | null;
  /** The season's number, on a board that has seasons. 0 is what was there before the first. */
  season?: number | undefined;
  /** When that season begins; null for season 0. */
  starts_at?: string | null | undefined;
  /** When it ends, as far as is planned; null for one that goes on. */
  ends_at?: string | null | undefined;
}
