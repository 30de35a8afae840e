import { expect, test } from "bun:test";
import { spreadOf } from "../harness/statistics.ts";
import { formatRatios, type Ratios } from "./report.ts";

const versions = { Redis: "7.0.15" };
const sizes = { connections: 64, players: 2000, entries: 1e6, events: 1e6, writes: 100 };
const ratios: Ratios = {
  at: "2026-01-02T03:04:05.000Z",
  notes: ["SKIPPED: nginx is not installed."],
  host: { cores: 2, cpu: "Abacus", loadBefore: 0.5, loadAfter: 1.25, syncUs: 176.4, versions },
  options: { only: ["submit"], rounds: 2, seconds: 3, ...sizes },
  rows: [
    {
      row: "submit",
      what: "submit at the ranker",
      yardstick: "redis-benchmark",
      unit: "/s",
      ours: spreadOf([700, 800]),
      theirs: spreadOf([1000]),
      ratio: spreadOf([0.7, 0.8]),
      aims: [{ of: "ratio", at: "least", value: 0.7 }],
      verdict: "INVALID",
      faults: ["3 of 700 requests were refused"],
    },
  ],
  loads: [
    {
      load: "submit, ranker",
      ratePerSecond: spreadOf([700, 800]),
      p50Ms: spreadOf([1.234]),
      p99Ms: spreadOf([10]),
      cpuUs: { redis: spreadOf([48.16]) },
    },
  ],
};

const cellsOf = (text: string) => text.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));

test("a row shows both figures, the ratio and the aim; below the table, a faulty row says why it is invalid", () => {
  const text = formatRatios(ratios);
  const row = "|submit at the ranker|700/s (700 to 800)|1,000/s|redis-benchmark|0.7 × (0.7 to 0.8)|≥ 0.7 ×|INVALID|";
  expect(cellsOf(text)).toContainEqual(row.split("|"));
  const lines = text.split("\n");
  expect(lines).toContain("INVALID: submit at the ranker: 3 of 700 requests were refused.");
  expect(lines).toContain("SKIPPED: nginx is not installed.");
});

test("a load shows its rate, its latencies, and the CPU time of each process for a request", () => {
  const rows = cellsOf(formatRatios(ratios));
  expect(rows).toContainEqual(["", "load", "rate", "p50 ms", "p99 ms", "redis CPU µs", ""]);
  expect(rows).toContainEqual(["", "submit, ranker", "700/s (700 to 800)", "1.23", "10", "48.2", ""]);
});
