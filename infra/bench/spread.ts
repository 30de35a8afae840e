import { median } from "./statistics.ts";

/** What several rounds came to. */
export interface Spread {
  median: number;
  least: number;
  greatest: number;
}

/** @throws RangeError without values */
export const spreadOf = (values: readonly number[]): Spread => ({
  median: median(values),
  least: Math.min(...values),
  greatest: Math.max(...values),
});

/** Ours over theirs, round by round: whatever slowed a round down has slowed down both. */
export const ratioOf = (ours: readonly number[], theirs: readonly number[]): Spread =>
  spreadOf(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
