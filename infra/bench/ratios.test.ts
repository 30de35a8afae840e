import { expect, test } from "bun:test";
import { join } from "node:path";
import { announceWithoutNginx, nginx } from "../deploy/nginx/nginx-under-test.ts";
import type { Ratios } from "./ratios-report.ts";
import { ROW_NAMES } from "./rows.ts";
import { HOW_TO_GET_WRK, wrk } from "./wrk.ts";

const TINY = "--entries 2000 --events 2000 --players 50 --connections 8 --rounds 1 --seconds 0.3".split(" ");

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "bench.ts"), ...args], {
    env: { PATH: process.env.PATH ?? "" },
    stdin: "ignore",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, out, err };
}

if (wrk === undefined) process.stderr.write(`SKIPPED: ${HOW_TO_GET_WRK}\n`);
announceWithoutNginx("the bench of the gateway was not run");

test.skipIf(wrk === undefined || nginx === undefined)(
  "a tiny run from end to end: every row has figures, and nothing was refused",
  async () => {
    const { code, out, err } = await run(...TINY, "--json");
    expect({ code, err }).toMatchObject({ code: 0 });
    const { rows, loads } = JSON.parse(out) as Ratios;
    expect([...new Set(rows.map(({ row }) => row))]).toEqual([...ROW_NAMES]);
    for (const { what, faults, ours, ratio } of rows) {
      // A machine that is busy with other tests may not get as many writes done as are due.
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
  120_000,
);

test("what can be measured is said", async () => {
  expect(await run("--help")).toMatchObject({ code: 0, out: expect.stringContaining("--only"), err: "" });
  expect(await run("--only", "speed")).toMatchObject({ code: 1, out: "", err: expect.stringContaining("--only") });
});
