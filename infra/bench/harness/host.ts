import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { nginx } from "../../deploy/nginx/nginx-under-test.ts";
import { median } from "./statistics.ts";

const SYNCS = 100;
const BLOCK = Buffer.alloc(4096, "x");

/** The machine that the figures are from. @param dir on the disk that the stores write to */
function describe(dir: string) {
  const versions: Record<string, string> = { Redis: firstVersion("redis-server", "--version"), Bun: Bun.version };
  if (nginx !== undefined) versions.nginx = firstVersion(nginx, "-v");
  const [cpu] = cpus();
  return { cores: cpus().length, cpu: cpu?.model ?? "", loadBefore: readLoad(), syncUs: timeSync(dir), versions };
}

/** Describes this machine around some work. @param dir on the disk that the stores write to */
export async function measureOnHost<T>(dir: string, work: () => Promise<T>): Promise<{ host: Host; result: T }> {
  const before = describe(dir);
  const result = await work();
  return { host: { ...before, loadAfter: readLoad() }, result };
}

export type Host = ReturnType<typeof describe> & { loadAfter: number };

/** The machine, its load and the versions, for the head of a report. */
export function formatHost({ cores, cpu, loadBefore, loadAfter, versions }: Host): string {
  const load = `load ${loadBefore.toFixed(1)} before and ${loadAfter.toFixed(1)} after the measurement`;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [`${cores} cores (${cpu})`, load, ...names].join(", ");
}

/** The load average of the last minute. */
const readLoad = () => loadavg()[0] ?? 0;

/** The first number with a point in the version output of a program. */
function firstVersion(program: string, flag: string): string {
  const { stdout, stderr } = Bun.spawnSync([program, flag], { stderr: "pipe" });
  return /\d+\.[\d.]+\d/.exec(`${stdout}${stderr}`)?.[0] ?? "";
}

/** How long the disk takes to sync 4 KiB, in microseconds: the least that a single write costs. */
function timeSync(dir: string): number {
  const file = openSync(join(dir, "syncs"), "w");
  const times = Array.from({ length: SYNCS }, () => {
    writeSync(file, BLOCK);
    const startedAt = performance.now();
    fdatasyncSync(file);
    return (performance.now() - startedAt) * 1000;
  });
  closeSync(file);
  return median(times);
}
