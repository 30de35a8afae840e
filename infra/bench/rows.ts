import { ratioOf, type Spread, spreadOf } from "./spread.ts";

/** What can be asked for with `--only`, in the order that it is measured and shown. */
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

/** What a figure of a row, its ratio or ours alone, is to be at least or at most. */
export interface Aim {
  of: "ratio" | "ours";
  at: "least" | "most";
  value: number;
}

/** One line of the result: a figure of ours, what it is held against, and what it is to be. */
export interface Row {
  row: RowName;
  what: string;
  yardstick: string;
  unit: string;
  /** In `unit`. */
  ours: Spread;
  /** In `unit`; absent, like the ratio, where there is nothing to hold ours against. */
  theirs?: Spread;
  /** Ours over theirs, round by round. */
  ratio?: Spread;
  /** None for what is only told. */
  aims: readonly Aim[];
  /** What makes the row worthless. */
  faults: readonly string[];
}

export type Verdict = "holds" | "MISSED" | "INVALID" | "told";

/** By the median: one round that the machine was busy in decides nothing. */
export function judge(row: Row): Verdict {
  if (row.faults.length > 0) return "INVALID";
  if (row.aims.length === 0) return "told";
  const isMet = ({ of, at, value }: Aim) => {
    const figure = row[of]?.median ?? Number.NaN;
    return at === "least" ? figure >= value : figure <= value;
  };
  return row.aims.every(isMet) ? "holds" : "MISSED";
}

export const ratioAtLeast = (value: number): Aim => ({ of: "ratio", at: "least", value });
export const ratioAtMost = (value: number): Aim => ({ of: "ratio", at: "most", value });
export const oursAtLeast = (value: number): Aim => ({ of: "ours", at: "least", value });
export const oursAtMost = (value: number): Aim => ({ of: "ours", at: "most", value });

/** Both sides of a row, and the one over the other. */
export const hold = (ours: readonly number[], theirs: readonly number[]) => ({
  ours: spreadOf(ours),
  theirs: spreadOf(theirs),
  ratio: ratioOf(ours, theirs),
});
