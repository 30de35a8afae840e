import type { Board } from "shared/model/board";
import { inOrder, type Position, type ShardEntry } from "../shard-entry.ts";
import { isBetter } from "../ties.ts";
import type { Window } from "./read-window.ts";

/** How many entries above a position, and below. */
export interface Reach {
  above: number;
  below: number;
}

/**
 * How far each of several shards is read at first. Players spread over shards at random, so a shard
 * holds about its share of the nearest neighbours. A shard that holds more is read again.
 */
export function estimateReach(range: number, shards: number): number {
  const share = range / shards;
  return shards === 1 ? range : Math.min(range, Math.ceil(share + 3 * Math.sqrt(share)) + 1);
}

/**
 * How many neighbours are shown: `range` a side, refilled from the other side at the ends of the
 * board.
 *
 * @param before entries of all shards ahead of the player @param total all entries, the player's
 *   among them
 */
export function reachOf(range: number, before: number, total: number): Reach {
  const after = Math.max(0, total - before - 1);
  const above = Math.min(before, range + Math.max(0, range - after));
  return { above, below: Math.min(after, 2 * range - above) };
}

export interface Neighbours {
  /** In rank order. */
  above: ShardEntry[];
  below: ShardEntry[];
  /** Windows whose shard may hold more of these neighbours than were read. */
  short: Window[];
}

/** No player is a neighbour of their own, also where two shards hold one by mistake. */
export const isOther = (self: ShardEntry) => (entry: ShardEntry) => entry.userId !== self.userId;

/**
 * Picks the nearest neighbours out of the windows of all shards.
 *
 * @param self the player whose they are; undefined where they are those of a score
 */
export function pickNeighbours(
  windows: readonly Window[],
  self: ShardEntry | undefined,
  { above, below }: Reach,
): Neighbours {
  const toOthers = (entries: ShardEntry[]) => (self === undefined ? entries : entries.filter(isOther(self)));
  const sorted = {
    above: windows.flatMap((window) => toOthers(window.above)).sort(inOrder),
    below: windows.flatMap((window) => toOthers(window.below)).sort(inOrder),
  };
  const nearest = {
    above: sorted.above.slice(Math.max(0, sorted.above.length - above)),
    below: sorted.below.slice(0, below),
  };
  return { ...nearest, short: windows.filter((window) => isShort(window, nearest, { above, below })) };
}

/**
 * True when a shard must be read again: it was read in part, and neighbours are missing, or an
 * unread entry could be nearer than the farthest neighbour chosen.
 */
function isShort(window: Window, nearest: Omit<Neighbours, "short">, reach: Reach): boolean {
  const { above, below, total, before = 0, self } = window;
  const after = total - before - (self === undefined ? 0 : 1);
  const isCutAbove = reach.above > 0 && above.length < before;
  const isCutBelow = reach.below > 0 && below.length < after;
  return (
    (isCutAbove && (nearest.above.length < reach.above || isAhead(nearest.above[0], above[0]))) ||
    (isCutBelow && (nearest.below.length < reach.below || isAhead(below.at(-1), nearest.below.at(-1))))
  );
}

/**
 * How many entries of all shards are better than a position: the target of the windows, or the
 * nearest neighbour farthest above it.
 */
export function countBetter(
  board: Pick<Board, "sub">,
  windows: readonly Pick<Window, "above" | "before" | "better">[],
  position: Position,
): number {
  let sum = 0;
  for (const { above, before = 0, better = 0 } of windows) {
    const ahead = above.filter((entry) => isBetter(board, entry, position)).length;
    // What was not read of a shard is ahead of the first entry that was, and this one is ahead of
    // the position, or equal: with a better one all of these are better, too.
    sum += ahead > 0 || above.length === before ? before - above.length + ahead : better;
  }
  return sum;
}

/** An entry that is not known counts as ahead. */
const isAhead = (entry: Position | undefined, other: Position | undefined) =>
  entry === undefined || other === undefined || inOrder(other, entry) > 0;
