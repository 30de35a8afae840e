import { type Load, type LoadCell, type LoadFigures, toLoadFigures } from "./load.ts";
import { measureInRounds, type Rounds } from "./rounds.ts";
import { ratioOf, type Spread, spreadOf } from "./statistics.ts";

/** The rows that `--only` takes, in the order in which they are measured and shown. */
// biome-ignore format: one line shows the order
export const ROW_NAMES = ["submit", "bulk", "best", "rank", "around", "global", "many", "top", "pages", "proxy", "cpu", "visible", "mix", "drain", "restore", "bytes", "memory", "boards", "seasons"] as const;
export type RowName = (typeof ROW_NAMES)[number];

/** A bound on the median of our figure or of the ratio. */
export interface Aim {
  of: "ratio" | "ours";
  at: "least" | "most";
  value: number;
}

/** The aim of a ratio. */
export const atLeast = (value: number): Aim[] => [{ of: "ratio", at: "least", value }];

/** What a row compares, and its aims. */
export interface RowTexts {
  row: RowName;
  what: string;
  yardstick: string;
  unit: string;
  aims: readonly Aim[];
}

/** One line of the result: our figure beside its yardstick, both in `unit`. */
export interface Row extends RowTexts {
  ours: Spread;
  /** Absent, like the ratio, where there is no yardstick. */
  theirs?: Spread | undefined;
  /** Ours over theirs, round by round. */
  ratio?: Spread | undefined;
  /** Reasons not to believe the row. */
  faults: readonly string[];
}

export interface Measured {
  rows: Row[];
  loads: LoadFigures[];
}

/** One side of a comparison: a load, and the figure of it that counts. */
interface Side {
  cell: LoadCell;
  figure(load: Load): number;
}

/** A row that compares the figures of two loads, or two figures of one load. */
export interface Comparison extends RowTexts {
  ours: Side;
  theirs: Side;
}

const rateOf = (cell: LoadCell): Side => ({ cell, figure: ({ ratePerSecond }) => ratePerSecond });

/** A comparison of rates. */
export const compareRates = (texts: Omit<RowTexts, "unit">, ours: LoadCell, theirs: LoadCell): Comparison => ({
  ...texts,
  unit: "/s",
  ours: rateOf(ours),
  theirs: rateOf(theirs),
});

/** CPU time of some processes for an item, in microseconds. */
export const cpuOf = (processes: readonly string[], cell: LoadCell): Side => ({
  cell,
  figure: ({ cpuUs }) => processes.reduce((sum, process) => sum + (cpuUs[process] ?? Number.NaN), 0),
});

/** A row from a figure a round on each side. Equal faults are kept once. */
export const toRow = (
  texts: RowTexts,
  { ours, theirs, faults = [] }: { ours: number[]; theirs?: number[]; faults?: readonly string[] },
): Row => ({
  ...texts,
  ours: spreadOf(ours),
  theirs: theirs && spreadOf(theirs),
  ratio: theirs && ratioOf(ours, theirs),
  faults: [...new Set(faults)],
});

/** The loads of these rows, each once, the yardstick before ours. */
export const cellsOf = (comparisons: readonly Comparison[]): LoadCell[] => [
  ...new Set(comparisons.flatMap(({ theirs, ours }) => [theirs.cell, ours.cell])),
];

/** Measures the loads of all comparisons, each once a round. */
export async function measureComparisons(comparisons: readonly Comparison[], rounds: Rounds): Promise<Measured> {
  const measured = await measureInRounds(cellsOf(comparisons), rounds);
  const loadsOf = ({ cell }: Side) => measured.get(cell) ?? [];
  return {
    rows: comparisons.map(({ ours, theirs, ...texts }) =>
      toRow(texts, {
        ours: loadsOf(ours).map(ours.figure),
        theirs: loadsOf(theirs).map(theirs.figure),
        faults: [ours, theirs].flatMap(loadsOf).flatMap(({ faults }) => faults),
      }),
    ),
    loads: [...measured].map(([{ name }, loads]) => toLoadFigures(name, loads)),
  };
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
