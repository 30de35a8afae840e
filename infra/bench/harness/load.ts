import { readProcessCost } from "./process-cost.ts";
import { type Spread, spreadOf } from "./statistics.ts";

/** What a load generator reports. */
export interface Driven {
  /** Requests, events or entries. */
  items: number;
  seconds: number;
  /** Absent where nothing waits for a single item. */
  p50Ms?: number;
  p99Ms?: number;
  /** CPU time of the load generator; absent where it is this process. */
  clientCpuUs?: number;
  /** Reasons not to believe the figures: refused requests, broken connections. */
  faults: string[];
}

/** A load with its rate and its cost. */
export interface Load extends Omit<Driven, "clientCpuUs"> {
  ratePerSecond: number;
  /** CPU time of each process for one item, in microseconds; `client` is the load generator. */
  cpuUs: Record<string, number>;
}

/** A load that is measured once a round. */
export interface LoadCell {
  readonly name: string;
  measure(): Promise<Load>;
}

/** Process ids by name. */
export type Processes = Readonly<Record<string, number>>;

/** Drives a load, and measures the CPU time that each process spends on one item. @throws what `drive` threw */
export async function measureLoad(processes: Processes, drive: () => Promise<Driven>): Promise<Load> {
  const read = () => new Map(Object.entries(processes).map(([name, pid]) => [name, readProcessCost(pid).cpuUs]));
  const before = read();
  const { clientCpuUs, ...driven } = await drive();
  const spentUs = [...read()].map(([name, cpuUs]) => [name, cpuUs - (before.get(name) ?? 0)] as const);
  if (clientCpuUs !== undefined) spentUs.push(["client", clientCpuUs]);
  return {
    ...driven,
    ratePerSecond: driven.items / driven.seconds,
    cpuUs: Object.fromEntries(spentUs.map(([name, cpuUs]) => [name, cpuUs / Math.max(1, driven.items)])),
  };
}

/** A load over all rounds. */
export interface LoadFigures {
  /** What was sent, and to what: `submit, ranker`. */
  load: string;
  ratePerSecond: Spread;
  p50Ms?: Spread | undefined;
  p99Ms?: Spread | undefined;
  cpuUs: Record<string, Spread>;
}

type Figures = Pick<Load, "ratePerSecond" | "p50Ms" | "p99Ms" | "cpuUs">;

/** @throws RangeError without rounds */
export function toLoadFigures(load: string, rounds: readonly Figures[]): LoadFigures {
  const over = (figure: (round: Figures) => number | undefined) => spreadOf(rounds.map((r) => figure(r) ?? Number.NaN));
  const [first] = rounds;
  return {
    load,
    ratePerSecond: over(({ ratePerSecond }) => ratePerSecond),
    p50Ms: first?.p50Ms === undefined ? undefined : over(({ p50Ms }) => p50Ms),
    p99Ms: first?.p50Ms === undefined ? undefined : over(({ p99Ms }) => p99Ms),
    cpuUs: Object.fromEntries(Object.keys(first?.cpuUs ?? {}).map((name) => [name, over(({ cpuUs }) => cpuUs[name])])),
  };
}

/** The faults of several loads, each once. */
export const faultsOf = (loads: readonly { faults: readonly string[] }[]) => [
  ...new Set(loads.flatMap(({ faults }) => faults)),
];
