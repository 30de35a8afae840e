import type { Driven } from "../harness/load.ts";
import { runToSuccess } from "./program.ts";

export interface RedisBenchmarkOptions {
  port: number;
  clients: number;
  requests: number;
  /** Each `RANDOM_PLAYER` becomes a number of 12 digits, from 0 to below this. */
  randomBelow: number;
  command: readonly string[];
}

/** Stands for a random number in a command; each occurrence gets a different one. */
export const RANDOM_PLAYER = "__rand_int__";

/**
 * Reads the last line of `--csv`: the command, its rate, and latencies as mean, least, p50, p95,
 * p99, greatest. The command may contain quotes and commas.
 *
 * @throws Error without such a line
 */
export function parseRedisBenchmark(output: string): { ratePerSecond: number; p50Ms: number; p99Ms: number } {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  const [figures] = /(?:,"[\d.]+"){7}$/.exec(line) ?? [];
  const [ratePerSecond = 0, , , p50Ms = 0, , p99Ms = 0] = figures?.match(/[\d.]+/g)?.map(Number) ?? [];
  if (!(ratePerSecond > 0)) throw new Error(`redis-benchmark reported nothing\n${output}`);
  return { ratePerSecond, p50Ms, p99Ms };
}

/**
 * Sends one command again and again from many clients, without pipelining.
 *
 * @throws Error at the first error of Redis
 */
export async function runRedisBenchmark(options: RedisBenchmarkOptions): Promise<Driven> {
  const { port, clients, requests, randomBelow, command } = options;
  const numbers = ["-p", port, "-c", clients, "-n", requests, "-r", randomBelow].map(String);
  const ran = await runToSuccess(["redis-benchmark", "-h", "127.0.0.1", ...numbers, "--csv", ...command]);
  const { ratePerSecond, p50Ms, p99Ms } = parseRedisBenchmark(ran.output);
  return { items: requests, seconds: requests / ratePerSecond, p50Ms, p99Ms, clientCpuUs: ran.cpuUs, faults: [] };
}
