/** The fields that are to change. */
export type BoardChange = Partial<GivenBoard>;

export interface BoardsQuery {
  limit?: number | undefined;
  /** `next` of the page before. */
  cursor?: string | undefined;
}

/** A page of boards. */
export interface BoardsView {
  boards: BoardView[];
  /** The `cursor` of the next page; null behind the last one. */
  next: string | null;
}

/** A board as it is. */
export interface BoardView {
  operators: ("set" | "best" | "add" | "create")[];
  /** Grows with each change; `If-Match` names it. */
  rev: number;
  /** Null for a configured board that was never changed. */
  created_at: string | null;
  /** An ended board is read, and written no more. */
  state: "open" | "ended";
  /** The season that runs; null before the first one, and for a board without seasons. */
  running: {
    /** Seasons count from 1; 0 is what was there before the first. */
    season: number;
    /** Null for season 0. */
    starts_at: string | null;
    /** Null for a season that goes on. */
    ends_at: string | null;
  } | null;
  /** The next instants at which a season ends, or the first begins: as many as are planned. */
  next: string[];
  title: string;
  /** Which score is the best: the highest, or the lowest. */
  order: "desc" | "asc";
  /** What `POST /score/submit` does: sets the score, keeps the best one, or adds to it. */
  operator: "set" | "best" | "add";
  /** Digits behind the point of a score. */
  decimals: number;
  unit: string;
  /** The order of a second number that decides between equal scores; null where there is none. */
  sub: "desc" | "asc" | null;
  /** Of the resulting score; null where there are none. */
  bounds: {
    min: number | null;
    max: number | null;
  } | null;
  /** Who may write. */
  writers: "players" | "operators";
  /** Who may read. */
  readers: "operators" | "anyone";
  /** Bytes of the metadata that a write may give an entry; with 0 it has none. */
  metadata_bytes_max: number;
  /** How often a player may write; null for any number. */
  attempts_max: number | null;
  /** When the board ends, or the schedule of its seasons; null for a board without either. */
  season:
    | {
        /** From then on writes are refused; reads go on. */
        ends_at: string;
      }
    | {
        /**
         * When one season ends and the next begins: the 5 fields of cron, or 6 with the seconds
         * first.
         */
        schedule: string;
        /** The time zone of the schedule, by its IANA name. */
        zone: string;
        /** When the first season begins; when the board is made, where it is null or earlier. */
        starts_at: string | null;
        /** How many of the last seasons stay after their end; null for all. */
        keep: number | null;
      }
    | null;
  /**
   * The best tier first. `upto` is the last rank, percent of the entries from the top, or score
   * of a tier; the last tier may have none.
   */
  tiers: {
    by: "rank" | "percentile" | "score";
    steps: {
      id: string;
      upto?: number | undefined;
    }[];
  } | null;
  /** The board's name in every URL. */
  id: string;
}

/** A board whose entries are being removed. */
export interface DeletedBoard {
  /** The board's name in every URL. */
  board: string;
  state: "deleting";
}

/** A board to be made; what is left out has its default. */
export interface GivenBoard {
  title?: string | undefined;
  /** Which score is the best: the highest, or the lowest. */
  order?: "desc" | "asc" | undefined;
  /** What `POST /score/submit` does: sets the score, keeps the best one, or adds to it. */
  operator?: "set" | "best" | "add" | undefined;
  /** What a write may ask for. `operator` where it asks for nothing. */
  operators?: ("set" | "best" | "add" | "create")[] | undefined;
  /** Digits behind the point of a score. */
  decimals?: number | undefined;
  unit?: string | undefined;
  /** The order of a second number that decides between equal scores; null where there is none. */
  sub?: "desc" | "asc" | null | undefined;
  /** Of the resulting score; null where there are none. */
  bounds?:
    | {
        min?: number | null | undefined;
        max?: number | null | undefined;
      }
    | null
    | undefined;
  /** Who may write. */
  writers?: "players" | "operators" | undefined;
  /** Who may read. */
  readers?: "operators" | "anyone" | undefined;
  /** Bytes of the metadata that a write may give an entry; with 0 it has none. */
  metadata_bytes_max?: number | undefined;
  /** How often a player may write; null for any number. */
  attempts_max?: number | null | undefined;
  /** When the board ends, or the schedule of its seasons; null for a board without either. */
  season?:
    | {
        /** From then on writes are refused; reads go on. */
        ends_at: string;
      }
    | {
        /**
         * When one season ends and the next begins: the 5 fields of cron, or 6 with the seconds
         * first.
         */
        schedule: string;
        /** The time zone of the schedule, by its IANA name. */
        zone?: string | undefined;
        /** When the first season begins; when the board is made, where it is null or earlier. */
        starts_at?: string | null | undefined;
        /** How many of the last seasons stay after their end; null for all. */
        keep?: number | null | undefined;
      }
    | null
    | undefined;
  /**
   * The best tier first. `upto` is the last rank, percent of the entries from the top, or score
   * of a tier; the last tier may have none.
   */
  tiers?:
    | {
        by: "rank" | "percentile" | "score";
        steps: {
          id: string;
          upto?: number | undefined;
        }[];
      }
    | null
    | undefined;
}
