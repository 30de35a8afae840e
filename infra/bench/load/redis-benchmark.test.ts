import { expect, test } from "bun:test";
import { parseRedisBenchmark } from "./redis-benchmark.ts";

test("rate, median and p99 are read from the end of the line, even when the command contains quotes and commas", () => {
  const head = `"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"`;
  const line = `"EVALSHA a"__rand_int__, "7","8"","47846.89","0.838","0.216","0.727","1.647","2.951","14.343"`;
  expect(parseRedisBenchmark(`${head}\n${line}\n`)).toEqual({ ratePerSecond: 47846.89, p50Ms: 0.727, p99Ms: 2.951 });
});

test("a run that Redis refused is an error that shows why", () => {
  expect(() => parseRedisBenchmark(`"test","rps"\nError from server: NOSCRIPT`)).toThrow("NOSCRIPT");
});
