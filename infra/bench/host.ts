import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { nginx } from "../deploy/nginx/nginx-under-test.ts";
import type { RatiosHost } from "./ratios-report.ts";
import { median } from "./statistics.ts";

const SYNCS = 100;
const BLOCK = Buffer.alloc(4096, "x");

/** What the figures are of: the machine, its disk and the programs. @param dir on the disk that the stores write to */
export function readHost(dir: string): Omit<RatiosHost, "loadAfter"> {
  const versions = {
    Redis: firstVersion("redis-server", "--version"),
    Bun: Bun.version,
    ...(nginx === undefined ? {} : { nginx: firstVersion(nginx, "-v") }),
  };
  const [cpu] = cpus();
  const loadBefore = loadavg()[0] ?? 0;
  return { cores: cpus().length, cpu: cpu?.model ?? "", loadBefore, syncUs: timeSyncs(dir), versions };
}

/** The first number with a point in what a program says of itself. */
function firstVersion(program: string, flag: string): string {
  const said = Bun.spawnSync([program, flag], { stderr: "pipe" });
  return /\d+\.[\d.]+\d/.exec(said.stdout.toString() + said.stderr.toString())?.[0] ?? "";
}

function timeSyncs(dir: string): number {
  const file = openSync(join(dir, "syncs"), "w");
  try {
    const times = Array.from({ length: SYNCS }, () => {
      writeSync(file, BLOCK);
      const startedAt = performance.now();
      fdatasyncSync(file);
      return (performance.now() - startedAt) * 1000;
    });
    return median(times);
  } finally {
    closeSync(file);
  }
}
