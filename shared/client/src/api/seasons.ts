export interface SeasonsQuery {
  limit?: number | undefined;
  /** `next` of the page before. */
  cursor?: string | undefined;
}

/** A page of seasons, the newest first. */
export interface SeasonsView {
  /** The board's name in every URL. */
  board: string;
  seasons: Omit<SeasonView, "board">[];
  /** The `cursor` of the next page; null behind the last one. */
  next: string | null;
}

/** One season, and what has become of it. */
export interface SeasonView {
  /** Seasons count from 1; 0 is what was there before the first. */
  season: number;
  /**
   * An ended season is `closing` until it is archived, and `final` from then on. `incomplete`
   * has entries that PostgreSQL lacks. The entries of a `purged` one are gone, because the
   * board keeps the last seasons alone.
   */
  state: "running" | "scheduled" | "closing" | "incomplete" | "final" | "purged";
  /** Null for season 0. */
  starts_at: string | null;
  /** Null for a season that goes on. */
  ends_at: string | null;
  /**
   * Ranked entries of all regions, at the end for one that is final; null for a scheduled or
   * purged one, and while a region does not answer.
   */
  total: number | null;
  /** The board's name in every URL. */
  board: string;
}
