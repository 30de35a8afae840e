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

/** Drives a load, and takes down what these processes, by name, spend on it. */
export async function measureLoad(
  processes: Readonly<Record<string, number>>,
  drive: () => Promise<Driven>,
): Promise<Load> {
  const readAll = () => Object.entries(processes).map(([name, pid]) => [name, readProcessCost(pid).cpuUs] as const);
  const before = new Map(readAll());
  const { clientCpuUs, ...driven } = await drive();
  const perRequest = (spentUs: number) => spentUs / Math.max(1, driven.requests);
  const spent = readAll().map(([name, cpuUs]) => [name, perRequest(cpuUs - (before.get(name) ?? 0))] as const);
  return {
    ...driven,
    ratePerSecond: driven.requests / driven.seconds,
    cpuUs: { ...Object.fromEntries(spent), [CLIENT]: perRequest(clientCpuUs) },
  };
}
