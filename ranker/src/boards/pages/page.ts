import type { TopView } from "shared/api/boards";
import type { Position } from "../shard-entry.ts";
import type { Cursor, CursorSide, Cursors } from "./cursors.ts";

/** Which entries of a view a page has: `limit` of them, or fewer at the end. */
export interface Page {
  start: PageStart;
  limit: number;
}

/** Where a page begins, or with the side `before`, where it ends. */
export type PageStart = PageBehind | PagePlace;

/** Behind so many entries of the view. */
export interface PageBehind {
  ahead: number;
}

/** On one side of a place that need not hold an entry. */
export interface PagePlace {
  side: CursorSide;
  place: Position;
}

export const isPlace = (start: PageStart): start is PagePlace => "side" in start;

export const THE_BEST: PageBehind = { ahead: 0 };
export const isOfBest = (start: PageStart): boolean => !isPlace(start) && start.ahead === 0;

/** Places ahead of every entry, and behind: no score is as large. */
export const AHEAD_OF_ALL: Position = { score: Number.MAX_SAFE_INTEGER + 1, member: "" };
export const BEHIND_ALL: Position = { score: Number.MIN_SAFE_INTEGER - 1, member: "" };

export const isSamePlace = (a: Position, b: Position) => a.score === b.score && a.member === b.member;

/** What of a view is on a page, and whether there is more. */
export interface PageEnds {
  /** Absent on a page without entries. */
  first?: Position | undefined;
  last?: Position | undefined;
  hasEntriesAhead: boolean;
  hasEntriesBehind: boolean;
}

/** The cursors of a page. One without entries leads to the last or the first page. */
export function toLinks(
  cursors: Cursors,
  of: Omit<Cursor, keyof PagePlace>,
  { first = BEHIND_ALL, last = AHEAD_OF_ALL, hasEntriesAhead, hasEntriesBehind }: PageEnds,
): Pick<TopView, "next" | "prev"> {
  const link = (side: CursorSide, place: Position) => cursors.write({ ...of, side, place });
  return {
    next: hasEntriesBehind ? link("after", last) : null,
    prev: hasEntriesAhead ? link("before", first) : null,
  };
}
