import type { Entry } from "shared/api/entries";
import type { Ties } from "shared/api/fields";
import { SUB_DIGITS } from "shared/entries/sub-score";
import { tierOf } from "shared/entries/tiers";
import type { Board } from "shared/model/board";
import type { Position } from "./shard-entry.ts";

/**
 * Shared ranks: 1 + how many entries have a better score, or on a board with sub-scores a better
 * (score, sub). The order of entries stays that of arrival.
 */

/** The part of a member that a shared rank looks at. */
const subKeyOf = ({ sub }: Pick<Board, "sub">, { member }: Pick<Position, "member">): string =>
  sub === null ? "" : member.slice(0, SUB_DIGITS);

/** The arguments of scripts that count better entries, for their layouts. */
export const tiesArgs = { shared: "flag", subDigits: "number" } as const;
export const toTiesArgs = ({ sub }: Pick<Board, "sub">, ties: Ties) => ({
  shared: ties === "shared",
  subDigits: sub === null ? 0 : SUB_DIGITS,
});

/** Whether an entry counts for the shared rank of another one. */
export function isBetter(board: Pick<Board, "sub">, entry: Position, other: Position): boolean {
  if (entry.score !== other.score) return entry.score > other.score;
  return subKeyOf(board, entry) > subKeyOf(board, other);
}

/** Whether two entries share a rank. */
const isTied = (a: Entry, b: Entry): boolean => a.score === b.score && a.sub === b.sub;

/** Where a page begins, and what it is a page of. */
export interface SharedPage {
  /** The shared rank of the first entry of the page; 1 where the page begins with the best. */
  first: number;
  /** Entries of the view. */
  total: number;
}

/**
 * Gives entries their shared ranks, with the tiers of these.
 *
 * @param entries with their ranks by arrival, such as follow each other in the view
 */
export function shareRanks(board: Board, entries: readonly Entry[], { first, total }: SharedPage): Entry[] {
  let shared = first;
  let before: Entry | undefined;
  return entries.map((entry) => {
    const rank = entry.rank ?? shared;
    // Counts of several calls may be of different moments.
    shared = before === undefined || isTied(before, entry) ? Math.min(shared, rank) : rank;
    before = entry;
    return atRank(board, entry, shared, total);
  });
}

/** An entry as an answer shows it at another rank. */
export function atRank(board: Board, entry: Entry, rank: number, total: number): Entry {
  if (entry.rank === rank) return entry;
  const moved = { ...entry, rank };
  if (board.tiers !== null) {
    moved.tier = tierOf(board.tiers, { rank, total, score: entry.score }, board.order === "asc");
  }
  return moved;
}
