import { rm } from "node:fs/promises";
import { loadavg } from "node:os";
import { ConfigError } from "shared/config";
import { scratchDir } from "../embedded/scratch.ts";
import { announceWithoutNginx, nginx } from "../nginx/nginx-under-test.ts";
import { readHost } from "./host.ts";
import { measureHttp } from "./http.ts";
import type { RouteLoads } from "./http-loads.ts";
import { toHttpRows } from "./http-rows.ts";
import { HELP, type RatiosOptions, readRatiosOptions } from "./ratios-options.ts";
import { formatRatios, type LoadFigures, type Ratios, toRow } from "./ratios-report.ts";
import type { Row } from "./rows.ts";
import { spreadOf } from "./spread.ts";
import { HOW_TO_GET_WRK, wrk } from "./wrk.ts";

/** `bun run bench`. @throws ConfigError for options that are not valid and for what is not installed; what a server threw */
export async function ratios(args: string[]): Promise<void> {
  const options = readRatiosOptions(args);
  if (options === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const startedAt = performance.now();
  let isInterrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => (isInterrupted = true));
  const measured = await measureRatios(options, (text) => {
    // Whatever was started is stopped and removed on the way out.
    if (isInterrupted) throw new Error("Interrupted: nothing was measured");
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
    process.stderr.write(`${seconds.padStart(4)} s  ${text}\n`);
  });
  process.stdout.write(`${options.asJson ? JSON.stringify(measured) : formatRatios(measured)}\n`);
}

/** @param say takes what goes on, a line at a time; throws when it is to go no further */
async function measureRatios(options: RatiosOptions, say: (text: string) => void): Promise<Ratios> {
  const { asJson: _, ...settings } = options;
  if (wrk === undefined) throw new ConfigError([HOW_TO_GET_WRK], "Nothing was measured");
  const skipped: string[] = [];
  if (nginx === undefined && options.rows.includes("proxy")) {
    const what = "no gateway was held against it";
    announceWithoutNginx(what);
    skipped.push(`SKIPPED: nginx is not installed, so ${what}.`);
  }
  await using stack = new AsyncDisposableStack();
  const dir = await scratchDir();
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const at = new Date().toISOString();
  const host = readHost(dir);
  const rows: Row[] = [];
  const loads = await measureHttp({ dir, options, say });
  rows.push(...toHttpRows(options.rows, loads));
  return {
    ...{ at, host: { ...host, loadAfter: loadavg()[0] ?? 0 }, options: settings, rows: rows.map(toRow), skipped },
    loads: loads.map(toFigures),
  };
}

function toFigures({ route, through, loads }: RouteLoads): LoadFigures {
  const over = (figure: (load: RouteLoads["loads"][number]) => number) => spreadOf(loads.map(figure));
  const processes = Object.keys(loads[0]?.cpuUs ?? {});
  return {
    ...{ route, through, ratePerSecond: over(({ ratePerSecond }) => ratePerSecond) },
    ...{ p50Ms: over(({ p50Ms }) => p50Ms), p99Ms: over(({ p99Ms }) => p99Ms) },
    cpuUs: Object.fromEntries(processes.map((name) => [name, over(({ cpuUs }) => cpuUs[name] ?? Number.NaN)])),
  };
}
