import { readProcessCost } from "./process-cost.ts";

/** What one load on a server came to. */
export interface Driven {
  requests: number;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
  /** Of the load generator. */
  clientCpuUs: number;
  /** What makes the figures worthless: answers that were refusals, connections that broke. */
  faults: string[];
}

/** A load with what it cost. */
export interface Load extends Omit<Driven, "clientCpuUs"> {
  ratePerSecond: number;
  /** CPU time of each process for one request, in microseconds; the load generator's is `client`. */
  cpuUs: Record<string, number>;
}

export const CLIENT = "client";

/** Process numbers by name. */
export type Processes = Readonly<Record<string, number>>;

/** Takes down what processes spend on something, in microseconds each. */
export async function measureCpu<T>(
  processes: Processes,
  work: () => Promise<T>,
): Promise<{ result: T; spentUs: Record<string, number> }> {
  const readAll = () => Object.entries(processes).map(([name, pid]) => [name, readProcessCost(pid).cpuUs] as const);
  const before = new Map(readAll());
  const result = await work();
  const spent = readAll().map(([name, cpuUs]) => [name, cpuUs - (before.get(name) ?? 0)] as const);
  return { result, spentUs: Object.fromEntries(spent) };
}

/** What each process spent, on one of so many. */
export const perItem = (spentUs: Readonly<Record<string, number>>, items: number): Record<string, number> =>
  Object.fromEntries(Object.entries(spentUs).map(([name, cpuUs]) => [name, cpuUs / Math.max(1, items)]));

/** Drives a load, and takes down what these processes spend on each request. */
export async function measureLoad(processes: Processes, drive: () => Promise<Driven>): Promise<Load> {
  const { result, spentUs } = await measureCpu(processes, drive);
  const { clientCpuUs, ...driven } = result;
  return {
    ...driven,
    ratePerSecond: driven.requests / driven.seconds,
    cpuUs: perItem({ ...spentUs, [CLIENT]: clientCpuUs }, driven.requests),
  };
}
