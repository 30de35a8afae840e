import type { ListedSeason, SeasonPage } from "./read-seasons.ts";

/** The seasons of the present board that the page has read. */
export interface SeasonList {
  /** The newest first. */
  readonly all: readonly ListedSeason[];
  /** Whether there are earlier ones. */
  readonly hasMore: boolean;
  /** Forgets what is known, for another board. */
  reset(board: string): void;
  /** Reads the newest part: a season has ended. @throws LeaderboardError */
  refresh(): Promise<void>;
  /** Reads the next earlier part. @throws LeaderboardError */
  readMore(): Promise<void>;
}

export type ReadSeasons = (board: string, cursor: string | undefined) => Promise<SeasonPage>;

/** A list that is read in parts, on request. What is read for an earlier board is dropped. */
export function createSeasonList(read: ReadSeasons): SeasonList {
  let board = "";
  let known = new Map<number, ListedSeason>();
  let all: readonly ListedSeason[] = [];
  let next: string | undefined;

  async function readPart(cursor: string | undefined): Promise<void> {
    const into = known;
    const isFirst = into.size === 0;
    const page = await read(board, cursor);
    if (into !== known) return;
    for (const season of page.seasons) known.set(season.season, season);
    all = [...known.values()].sort((a, b) => b.season - a.season);
    // The newest part read again leads to what is known already.
    if (isFirst || cursor !== undefined) next = page.next;
  }

  return {
    get all() {
      return all;
    },
    get hasMore() {
      return next !== undefined;
    },
    reset(to) {
      board = to;
      known = new Map();
      all = [];
      next = undefined;
    },
    refresh: () => readPart(undefined),
    async readMore() {
      if (next !== undefined) await readPart(next);
    },
  };
}
