import type { Board } from "shared/model/board";
import { countBetter } from "../around/neighbours.ts";
import type { Window } from "../around/read-window.ts";
import type { Position } from "../shard-entry.ts";
import { isBetter } from "../ties.ts";

/** Entries that were read of a view, and the windows that they are of. */
export interface ReadEntries {
  windows: readonly Window[];
  /** The target of the windows, where it is a position. */
  target: Position | undefined;
  above: readonly Position[];
  below: readonly Position[];
  /** Entries of the view that are ahead of the target. */
  before: number;
}

/**
 * The shared rank of an entry that was read. It follows from the first entry of its tie, or, where
 * the tie begins ahead of what was read, from what the shards have counted.
 *
 * @param index among the entries above and below
 */
export function sharedRankOf(
  board: Board,
  { windows, target, above, below, before }: ReadEntries,
  index: number,
): number {
  const read = above.concat(below);
  const entry = read[index];
  const isTied = (other: Position | undefined) =>
    entry !== undefined && other !== undefined && !isBetter(board, other, entry) && !isBetter(board, entry, other);
  let first = index;
  while (first > 0 && isTied(read[first - 1])) first--;
  const ahead = before - above.length;
  if (first > 0 || ahead === 0) return 1 + ahead + first;
  // Without a target the only server has counted those that are better than the first entry.
  if (target === undefined) return 1 + (windows[0]?.better ?? 0);
  const counted = above[0] ?? target;
  return isTied(counted) ? 1 + countBetter(board, windows, counted) : 1 + ahead;
}
