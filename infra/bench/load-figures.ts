import { type Spread, spreadOf } from "./spread.ts";

/** A load over all rounds. */
export interface LoadFigures {
  /** What was done, and by whom: `submit, ranker`. */
  load: string;
  ratePerSecond: Spread;
  /** Absent where nobody waits for one of them. */
  p50Ms?: Spread;
  p99Ms?: Spread;
  /** Of each process for one request, or for one event or entry, in microseconds. */
  cpuUs: Record<string, Spread>;
}

/** What one round came to. */
interface Figures {
  ratePerSecond: number;
  p50Ms?: number;
  p99Ms?: number;
  cpuUs: Record<string, number>;
}

/** @throws RangeError without rounds */
export function toLoadFigures(load: string, rounds: readonly Figures[]): LoadFigures {
  const over = (figure: (round: Figures) => number | undefined) => spreadOf(rounds.map((r) => figure(r) ?? Number.NaN));
  const [first] = rounds;
  return {
    load,
    ratePerSecond: over(({ ratePerSecond }) => ratePerSecond),
    ...(first?.p50Ms === undefined ? {} : { p50Ms: over(({ p50Ms }) => p50Ms), p99Ms: over(({ p99Ms }) => p99Ms) }),
    cpuUs: Object.fromEntries(Object.keys(first?.cpuUs ?? {}).map((name) => [name, over(({ cpuUs }) => cpuUs[name])])),
  };
}
