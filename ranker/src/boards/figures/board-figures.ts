import { createFrequentKeys } from "./frequent-keys.ts";

/** Requests on a board since it was named. They only grow. */
export interface Figures {
  writes: number;
  reads: number;
}

export interface BoardFigures {
  onWrite(board: string): void;
  onRead(board: string): void;
  /**
   * The figures of the named boards, and those of all others under `other`.
   *
   * @param nowMs the time of the scrape; a later call has no earlier one
   */
  scrape(nowMs: number): ReadonlyMap<string, Readonly<Figures>>;
}

/** Requests on boards without a name; also those of a board that is called so. */
export const OTHER = "other";
/** Boards that are named at once: so many series, and one more, a metric has. */
export const NAMED_MAX = 20;

// Boards of which one can become a named one: each that has more than a thousandth of the requests.
const CANDIDATES_MAX = 1000;
const ELECTION_MS = 60_000;
// What an election leaves of the weight of earlier minutes: ten minutes count, or so.
const KEPT_SHARE = 0.9;
// How far a candidate has to be ahead of a named board. Boards that are as busy as each other would
// otherwise take turns, and each turn makes series that Prometheus keeps.
const LEAD = 2;
const LEAD_MIN = 10;
const CHANGES_MAX = 5;

interface Named extends Figures {
  /** Requests up to the last election, the older the less they weigh. */
  weight: number;
  /** Requests that are in the weight. */
  weighed: number;
}

/**
 * Counts requests by board, for the busiest boards by name and for the others in one sum, so that
 * thousands of boards make a bounded number of series. A request costs 10 ns; 0.3 µs where all of
 * 10,000 boards are as busy as each other.
 *
 * The figures are counters: none ever goes down while it is shown, and each request is in exactly
 * one, so that their sum is that of all requests. Names are therefore given and taken at scrapes
 * alone. A board begins at 0 in the scrape that names it, and what came before stays in `other`. A
 * named board that another one exceeds is shown once more, with its last value, and counted under
 * `other` from there on; the next election, a minute or more later, gives its place away. A board
 * that is named again begins at 0 again, which a rate takes for the restart of a process.
 */
export function createBoardFigures(namedMax = NAMED_MAX): BoardFigures {
  const other: Figures = { writes: 0, reads: 0 };
  const named = new Map<string, Named>();
  const leaving = new Map<string, Figures>();
  const candidates = createFrequentKeys(CANDIDATES_MAX);
  let electedAtMs = Number.NEGATIVE_INFINITY;

  function figuresOf(board: string): Figures {
    const figures = named.get(board);
    if (figures !== undefined) return figures;
    if (board !== OTHER) candidates.count(board);
    return other;
  }

  function busiestCandidates(count: number): [board: string, weight: number][] {
    if (count === 0) return [];
    return [...candidates.counts()].toSorted(([, a], [, b]) => b - a).slice(0, count);
  }

  /** Gives free places to the busiest candidates. */
  function nameMore(): void {
    for (const [board, weight] of busiestCandidates(namedMax - named.size - leaving.size)) {
      candidates.remove(board);
      named.set(board, { writes: 0, reads: 0, weight, weighed: 0 });
    }
  }

  /** Takes the names of boards that candidates exceed. */
  function elect(): void {
    for (const each of named.values()) {
      const requests = each.writes + each.reads;
      each.weight += requests - each.weighed;
      each.weighed = requests;
    }
    const idlest = [...named].toSorted(([, a], [, b]) => a.weight - b.weight);
    for (const [index, [, weight]] of busiestCandidates(CHANGES_MAX).entries()) {
      const [board, figures] = idlest[index] ?? [];
      if (board === undefined || figures === undefined) break;
      if (weight < LEAD_MIN || weight < LEAD * figures.weight) break;
      named.delete(board);
      leaving.set(board, figures);
    }
    for (const each of named.values()) each.weight *= KEPT_SHARE;
    candidates.fade(KEPT_SHARE);
  }

  return {
    onWrite(board) {
      figuresOf(board).writes++;
    },
    onRead(board) {
      figuresOf(board).reads++;
    },
    scrape(nowMs) {
      const isElection = nowMs - electedAtMs >= ELECTION_MS;
      if (isElection) {
        electedAtMs = nowMs;
        // Otherwise its series could fall to 0 between two scrapes that both show it.
        for (const board of leaving.keys()) candidates.remove(board);
        leaving.clear();
      }
      nameMore();
      if (isElection) elect();
      return new Map<string, Figures>([...leaving, ...named, [OTHER, other]]);
    },
  };
}
