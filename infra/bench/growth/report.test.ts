import { expect, test } from "bun:test";
import type { CallCost } from "./costs.ts";
import { formatGrowth, judgeRank } from "./report.ts";

const typical = {
  shards: 1,
  operation: "rank",
  medianMs: 0.1,
  p99Ms: 0.5,
  quietMs: 0.1,
  cpuUs: 40,
  scriptUs: 20,
} as const;
const cost = (entries: number, figures: Partial<CallCost>): CallCost => ({ ...typical, entries, ...figures });

test("for each number of shards, a rank on the largest board is compared with one on the smallest, by quiet time and CPU time", () => {
  const costs = [
    cost(1e4, {}),
    cost(1e4, { shards: 16, cpuUs: 400 }),
    cost(1e4, { operation: "submit", quietMs: 0.01 }),
    cost(1e5, { quietMs: 9 }),
    cost(1e6, { quietMs: 0.15, medianMs: 9, cpuUs: 50 }),
    cost(1e6, { shards: 16, quietMs: 0.1, cpuUs: 601 }),
  ];
  expect(judgeRank(costs)).toEqual([
    { shards: 1, from: 1e4, to: 1e6, timeRatio: 0.15 / 0.1, cpuRatio: 1.25, holds: true },
    { shards: 16, from: 1e4, to: 1e6, timeRatio: 1, cpuRatio: 601 / 400, holds: false },
  ]);
});

test("the report has tables of times, of CPU times and of bytes, and says whether a rank keeps its limit", () => {
  const costs = [cost(1e4, {}), cost(1e6, { medianMs: 0.2, quietMs: 0.12, cpuUs: 70 })];
  const host = {
    cores: 2,
    cpu: "Abacus",
    loadBefore: 0.5,
    loadAfter: 1.25,
    syncUs: 176,
    versions: { Redis: "7.0.15" },
  };
  const weights = [1e4, 1e6].map((entries) => ({ what: "Redis: ranking", entries, bytes: 130.6 }));
  const text = formatGrowth({ at: "2026-01-02", calls: 3600, costs, verdicts: judgeRank(costs), host, weights });
  for (const line of [
    "2026-01-02, 2 cores (Abacus), load 0.5 before and 1.3 after the measurement, Redis 7.0.15; 3600 calls a figure, one after another.",
    "| entries       |         10⁴ |         10⁶ | growth |",
    "| rank, 1 shard | 0.10 (0.50) | 0.20 (0.50) | 1.20 × |",
    "| rank, 1 shard | 40 (20) | 70 (20) | 1.75 × |",
    "| Redis: ranking | 131 | 131 |",
    "A rank on 1 shard, from 10⁴ to 10⁶ entries: 1.20 × in time, 1.75 × in Redis' CPU. The limit is 1.5 ×: DOES NOT HOLD.",
  ]) {
    expect(text.split("\n")).toContain(line);
  }
});
