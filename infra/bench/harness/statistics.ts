/**
 * The smallest value that `percent` of all values do not exceed (nearest rank).
 *
 * @throws RangeError without values
 */
export function percentile(values: readonly number[] | Float64Array, percent: number): number {
  const sorted = Float64Array.from(values).sort();
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new RangeError("there are no values");
  return value;
}

export const median = (values: readonly number[] | Float64Array) => percentile(values, 50);

/** A figure over several rounds. */
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

/** Ours over theirs, round by round, because a busy machine slows both sides of a round. */
export const ratioOf = (ours: readonly number[], theirs: readonly number[]): Spread =>
  spreadOf(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
