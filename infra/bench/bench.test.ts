import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { dirForFile } from "testing/for-file";
import { announceWithoutNginx, nginx } from "../deploy/nginx/nginx-under-test.ts";
import { OPERATIONS } from "./growth/board.ts";
import type { Growth } from "./growth/report.ts";
import { ROW_NAMES } from "./harness/row.ts";
import { runProgram } from "./load/program.ts";
import { HOW_TO_GET_WRK, wrk } from "./load/wrk.ts";
import type { Ratios } from "./ratios/report.ts";

const bench = (...args: string[]) =>
  runProgram([process.execPath, join(import.meta.dir, "bench.ts"), ...args], { env: { PATH: process.env.PATH } });

const dir = await dirForFile();
const TINY = "--entries 2000 --events 2000 --players 50 --connections 8 --rounds 1 --seconds 0.3".split(" ");

if (wrk === undefined) process.stderr.write(`SKIPPED: ${HOW_TO_GET_WRK}\n`);
announceWithoutNginx("the bench of the gateway was not run");

test.skipIf(wrk === undefined || nginx === undefined)(
  "a tiny run has figures for every row, and no request is refused",
  async () => {
    const { exitCode, output, errors } = await bench(...TINY, "--json");
    expect({ exitCode, errors }).toMatchObject({ exitCode: 0 });
    const { rows, loads } = JSON.parse(output) as Ratios;
    expect([...new Set(rows.map(({ row }) => row))]).toEqual([...ROW_NAMES]);
    for (const { what, faults, ours, ratio } of rows) {
      // A machine that runs other tests may not reach the rate of writes that is due.
      const wrong = faults.filter((fault) => !/^\d+ writes\/s instead of/.test(fault));
      expect({ what, wrong }).toEqual({ what, wrong: [] });
      expect({ what, isPositive: ours.median > 0 && (ratio?.median ?? 1) > 0 }).toEqual({ what, isPositive: true });
    }
    for (const { load, ratePerSecond, p50Ms, p99Ms, cpuUs } of loads) {
      const figures = [ratePerSecond, p50Ms, p99Ms, ...Object.values(cpuUs)].flatMap((spread) => spread?.median ?? []);
      expect({ load, unsound: figures.filter((figure) => !(figure >= 0)) }).toEqual({ load, unsound: [] });
      expect(ratePerSecond.median).toBeGreaterThan(0);
    }
  },
  180_000,
);

test("growth has a figure for every operation, size and number of shards", async () => {
  const tiny = ["--entries", "1e2,1e3", "--shards", "1,2", "--calls", "5", "--rounds", "2"];
  const { exitCode, output } = await bench("growth", ...tiny, "--json", "--svg", join(dir, "plots"));
  expect(exitCode).toBe(0);
  expect(readdirSync(join(dir, "plots")).toSorted()).toEqual(["bytes.svg", "growth-1.svg", "growth-2.svg"]);
  const { calls, costs, weights, verdicts } = JSON.parse(output) as Growth;
  expect(calls).toBe(10);
  expect(costs.map(({ operation, shards, entries }) => `${operation} ${shards} ${entries}`).sort()).toEqual(
    OPERATIONS.flatMap((name) => ["1 100", "1 1000", "2 100", "2 1000"].map((rest) => `${name} ${rest}`)).sort(),
  );
  for (const { medianMs, p99Ms, quietMs, cpuUs, scriptUs } of costs) {
    expect(Math.min(medianMs, quietMs, cpuUs, scriptUs)).toBeGreaterThan(0);
    expect(p99Ms).toBeGreaterThanOrEqual(medianMs);
  }
  expect(weights).toHaveLength(18);
  expect(weights.filter(({ bytes }) => !(bytes > 0))).toEqual([]);
  expect(verdicts.map(({ shards, from, to }) => [shards, from, to])).toEqual([
    [1, 100, 1000],
    [2, 100, 1000],
  ]);
}, 120_000);

test("live shows every score to every viewer", async () => {
  const { exitCode, output } = await bench("live", "--viewers", "20", "--seconds", "1", "--json");
  expect(exitCode).toBe(0);
  expect(JSON.parse(output)).toMatchObject({ viewers: 20, scores: expect.any(Number), skips: 0 });
});

test("--help explains a bench on standard output, and names the others", async () => {
  for (const option of ["--only", "bench growth", "bench live"]) {
    expect(await bench("--help")).toMatchObject({ exitCode: 0, output: expect.stringContaining(option), errors: "" });
  }
  expect((await bench("growth", "--help")).output).toContain("--entries");
});

test("an unknown bench or an invalid option is refused by name", async () => {
  for (const [fault, ...args] of [
    ["there is no bench shrink", "shrink"],
    ["--only", "--only", "speed"],
  ] as const) {
    expect(await bench(...args)).toMatchObject({ exitCode: 1, output: "", errors: expect.stringContaining(fault) });
  }
});
