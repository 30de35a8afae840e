import type { Driven } from "./load.ts";

export interface RedisBenchmarkOptions {
  port: number;
  clients: number;
  requests: number;
  /** Each `__rand_int__` becomes a number of 12 digits, from 0 and below this. */
  randomBelow: number;
  command: readonly string[];
}

/** What stands for a random player. One command may have several, each another one. */
export const RANDOM_PLAYER = "__rand_int__";

/**
 * A line of `--csv`: the command, its rate, and latencies as mean, least, p50, p95, p99, greatest. The command may hold
 * quotes and commas of its own.
 *
 * @throws Error for what is none
 */
export function parseRedisBenchmark(output: string): Pick<Driven, "p50Ms" | "p99Ms"> & { ratePerSecond: number } {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  const figures =
    /((?:,"[\d.]+"){7})$/
      .exec(line)?.[1]
      ?.match(/[\d.]+/g)
      ?.map(Number) ?? [];
  const [ratePerSecond = 0, , , p50Ms = 0, , p99Ms = 0] = figures;
  if (!(ratePerSecond > 0)) throw new Error(`redis-benchmark told nothing\n${output}`);
  return { ratePerSecond, p50Ms, p99Ms };
}

/** Sends one command again and again, by as many clients, each without pipelining. @throws Error when it fails */
export async function runRedisBenchmark(options: RedisBenchmarkOptions): Promise<Driven> {
  const { port, clients, requests, randomBelow, command } = options;
  const numbers = ["-p", port, "-c", clients, "-n", requests, "-r", randomBelow].map(String);
  const child = Bun.spawn(["redis-benchmark", "-h", "127.0.0.1", ...numbers, "--csv", ...command], {
    stdin: "ignore",
    stderr: "pipe",
  });
  const [output, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  // It ends at the first error that Redis answers.
  if ((await child.exited) !== 0) throw new Error(`redis-benchmark ended with ${child.exitCode}\n${output}${errors}`);
  const { ratePerSecond, ...latencies } = parseRedisBenchmark(output);
  return {
    requests,
    seconds: requests / ratePerSecond,
    ...latencies,
    faults: [],
    clientCpuUs: Number(child.resourceUsage()?.cpuTime.total ?? 0),
  };
}
