import type { LoadFigures } from "./load.ts";
import { ratioOf, type Spread, spreadOf } from "./statistics.ts";

/** The rows that `--only` takes, in the order in which they are measured and shown. */
export const ROW_NAMES = [
  "submit",
  "rank",
  "top",
  "proxy",
  "cpu",
  "visible",
  "drain",
  "restore",
  "bytes",
  "memory",
] as const;
export type RowName = (typeof ROW_NAMES)[number];

/** A bound on the median of our figure or of the ratio. */
export interface Aim {
  of: "ratio" | "ours";
  at: "least" | "most";
  value: number;
}

/** One line of the result: our figure, its yardstick, and the aims. */
export interface Row {
  row: RowName;
  what: string;
  yardstick: string;
  unit: string;
  /** In `unit`. */
  ours: Spread;
  /** In `unit`; absent, like the ratio, where there is no yardstick. */
  theirs?: Spread;
  /** Ours over theirs, round by round. */
  ratio?: Spread;
  aims: readonly Aim[];
  /** Reasons not to believe the row. */
  faults: readonly string[];
}

export interface Measured {
  rows: Row[];
  loads: LoadFigures[];
}

export type Verdict = "holds" | "MISSED" | "INVALID" | "no aim";

/** Compares medians with the aims, so that a single busy round decides nothing. */
export function judge(row: Row): Verdict {
  if (row.faults.length > 0) return "INVALID";
  if (row.aims.length === 0) return "no aim";
  const isMet = ({ of, at, value }: Aim) => {
    const figure = row[of]?.median ?? Number.NaN;
    return at === "least" ? figure >= value : figure <= value;
  };
  return row.aims.every(isMet) ? "holds" : "MISSED";
}

/** Both sides of a row with their ratio, from a figure a round. */
export const compare = (ours: readonly number[], theirs: readonly number[]) => ({
  ours: spreadOf(ours),
  theirs: spreadOf(theirs),
  ratio: ratioOf(ours, theirs),
});
