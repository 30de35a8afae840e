import { faultsOf, type Load, type LoadCell, toLoadFigures } from "./load.ts";
import { measureInRounds, type Rounds } from "./rounds.ts";
import { type Aim, compare, type Measured, type RowName } from "./row.ts";

/** One side of a comparison. */
interface Side {
  cell: LoadCell;
  figure(load: Load): number;
}

/** A row that compares the figures of two loads, or two figures of one load. */
export interface Comparison {
  row: RowName;
  what: string;
  yardstick: string;
  unit: "/s" | "µs";
  ours: Side;
  theirs: Side;
  aims: readonly Aim[];
}

/** Items a second. */
export const rateOf = (cell: LoadCell): Side => ({ cell, figure: ({ ratePerSecond }) => ratePerSecond });

/** CPU time of one process for an item, in microseconds. */
export const cpuOf = (process: string, cell: LoadCell): Side => ({
  cell,
  figure: ({ cpuUs }) => cpuUs[process] ?? Number.NaN,
});

/** Measures the loads of all comparisons, each once a round, the yardstick before ours. */
export async function measureComparisons(comparisons: readonly Comparison[], rounds: Rounds): Promise<Measured> {
  const cells = new Set(comparisons.flatMap(({ theirs, ours }) => [theirs.cell, ours.cell]));
  const measured = await measureInRounds([...cells], rounds);
  const loadsOf = ({ cell }: Side) => measured.get(cell) ?? [];
  return {
    rows: comparisons.map(({ ours, theirs, ...texts }) => ({
      ...texts,
      ...compare(loadsOf(ours).map(ours.figure), loadsOf(theirs).map(theirs.figure)),
      faults: faultsOf([...loadsOf(ours), ...loadsOf(theirs)]),
    })),
    loads: [...measured].map(([{ name }, loads]) => toLoadFigures(name, loads)),
  };
}
