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

/** The result of one load: rate, and CPU time for each item. */
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

/** Drives a load, and measures the CPU time that each process spends on one item. */
export async function measureLoad(processes: Processes, drive: () => Promise<Driven>): Promise<Load> {
  const before = Object.entries(processes).map(([name, pid]) => [name, pid, readProcessCost(pid).cpuUs] as const);
  const { clientCpuUs, ...driven } = await drive();
  const spentUs = before.map(([name, pid, cpuUs]) => [name, readProcessCost(pid).cpuUs - cpuUs] as const);
  if (clientCpuUs !== undefined) spentUs.push(["client", clientCpuUs]);
  const cpuUs = Object.fromEntries(spentUs.map(([name, spent]) => [name, spent / Math.max(1, driven.items)]));
  return { ...driven, ratePerSecond: driven.items / driven.seconds, cpuUs };
}

/** The same load with one fault more, where `isFaulty`. */
export const withFault = (load: Load, isFaulty: boolean, fault: string): Load =>
  isFaulty ? { ...load, faults: [...load.faults, fault] } : load;

/** A load over all rounds. */
export interface LoadFigures {
  /** What was sent, and to what: `submit, ranker`. */
  load: string;
  ratePerSecond: Spread;
  p50Ms?: Spread | undefined;
  p99Ms?: Spread | undefined;
  cpuUs: Record<string, Spread>;
}

/** @throws RangeError without rounds */
export function toLoadFigures(load: string, rounds: readonly Load[]): LoadFigures {
  const over = (figure: (round: Load) => number | undefined) => spreadOf(rounds.map((r) => figure(r) ?? Number.NaN));
  const [first] = rounds;
  return {
    load,
    ratePerSecond: over(({ ratePerSecond }) => ratePerSecond),
    p50Ms: first?.p50Ms === undefined ? undefined : over(({ p50Ms }) => p50Ms),
    p99Ms: first?.p50Ms === undefined ? undefined : over(({ p99Ms }) => p99Ms),
    cpuUs: Object.fromEntries(Object.keys(first?.cpuUs ?? {}).map((name) => [name, over(({ cpuUs }) => cpuUs[name])])),
  };
}
