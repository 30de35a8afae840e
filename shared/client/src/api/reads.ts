import type { Entry } from "./entries.ts";

/** How equal scores rank. */
export type Ties = "arrival" | "shared";

/** What every read of a board takes: `main` of `GLOBAL` unless given. */
export interface RankQuery {
  /**
   * How equal scores rank: `arrival` ranks the first who reached the score ahead, 1, 2, 3, 4;
   * `shared` gives them one rank, 1, 2, 2, 4. The order of entries is the same.
   */
  ties?: Ties | undefined;
  /** A region, or `GLOBAL`, which is the default. */
  region?: string | undefined;
  /** The id of the board; 404 `board_not_found` where there is none. */
  board?: string | undefined;
  /** Rather a part of the view than nothing, while a region of it does not answer. */
  partial?: "allow" | undefined;
  /** On a board with seasons: the one that runs unless given. */
  season?: number | "current" | "previous" | undefined;
  /** Entries come with their metadata. */
  with?: "metadata" | undefined;
}

/** What every answer of a read says about its view. */
export interface ViewFacts {
  /** Regions whose entries are not counted; present where `partial=allow` was asked for. */
  missing_regions?: string[] | undefined;
  /** The season's number, on a board that has seasons. 0 is what was there before the first. */
  season?: number | undefined;
  /** When that season begins; null for season 0. */
  starts_at?: string | null | undefined;
  /** When it ends, as far as is planned; null for one that goes on. */
  ends_at?: string | null | undefined;
}

export interface TopQuery extends RankQuery {
  /** How many entries: 1–1,000, 100 unless given. */
  limit?: number | undefined;
  /**
   * The rank that the page begins with, 1 unless given. In an archived season, where players
   * may have been hidden or erased since, the first rank from there on.
   */
  from?: number | undefined;
  /**
   * The `next` or `prev` of an answer for this board and region. The page goes on at that
   * place, in the season of that answer, with ranks as the board is now. Not beside `from`.
   */
  cursor?: string | undefined;
}

export interface AroundQuery extends RankQuery {
  /** How many neighbours above, and below: 1–100, 10 unless given. */
  range?: number | undefined;
}

export interface AroundScoreQuery extends AroundQuery {
  /** On a board with sub-scores. */
  sub?: number | undefined;
}

export interface TopView extends ViewFacts {
  /** The region that was asked for, or `GLOBAL`. */
  region: string;
  total: number;
  entries: Entry[];
  /** The `cursor` of the page behind this one; null where there are no entries. */
  next: string | null;
  /** The `cursor` of the page ahead of this one; null where there are no entries. */
  prev: string | null;
}

export interface RankView extends ViewFacts {
  /** Entries of the view. */
  total: number;
  /**
   * Percent of the entries at this rank or below, in two decimals: 100 for the first alone, and
   * never 0.
   */
  percentile: number;
  user_id: string;
  name: string;
  /** The player's home region. */
  region: string;
  /** With as many decimals as the board has. */
  score: number;
  /** When the score was last written, to the µs. */
  updated_at: string;
  /** 1 is the best. */
  rank: number;
  /** The sub-score, on a board that has them. */
  sub?: number | undefined;
  /** On a board that has tiers; null behind the last one, and where the rank is. */
  tier?: string | null | undefined;
  /** Where `with=metadata` asks for it; null where there is none. */
  metadata?: Record<string, unknown> | null | undefined;
}

export interface AroundView extends ViewFacts {
  /** The region that was asked for, or `GLOBAL`. */
  region: string;
  total: number;
  self: Entry;
  /** The neighbours in order, without the player. */
  around: Entry[];
}

export interface AroundScoreView extends ViewFacts {
  /** The region that was asked for, or `GLOBAL`. */
  region: string;
  total: number;
  /** The score that was asked for. */
  score: number;
  /**
   * The rank of an entry that got this score now: behind all that have it, or with
   * `ties=shared` theirs.
   */
  would_be_rank: number;
  /** The neighbours in order; those who have the score are ahead. */
  around: Entry[];
  /** Its sub-score, on a board that has them. */
  sub?: number | undefined;
}
