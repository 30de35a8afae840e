import type { Spread } from "./spread.ts";

/** What can be asked for with `--only`, in the order that it is measured and shown. */
export const ROW_NAMES = ["submit", "rank", "top", "proxy", "cpu"] as const;
export type RowName = (typeof ROW_NAMES)[number];

/** What a figure is to be, at least or at most. */
export interface Aim {
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
  /** In `unit`; absent where the aim is a figure and no ratio. */
  theirs?: Spread;
  /** Ours over theirs, round by round. */
  ratio?: Spread;
  /** Of the ratio, or of our figure where there is none; absent for what is only told. */
  aim?: Aim;
  /** What makes the row worthless. */
  faults: readonly string[];
}

export type Verdict = "holds" | "MISSED" | "INVALID" | "told";

/** By the median: one round that the machine was busy in decides nothing. */
export function judge({ ours, ratio, aim, faults }: Row): Verdict {
  if (faults.length > 0) return "INVALID";
  if (aim === undefined) return "told";
  const figure = (ratio ?? ours).median;
  return (aim.at === "least" ? figure >= aim.value : figure <= aim.value) ? "holds" : "MISSED";
}

export const atLeast = (value: number): Aim => ({ at: "least", value });
export const atMost = (value: number): Aim => ({ at: "most", value });
