import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** What a process has used so far, with all its threads. */
export interface ProcessCost {
  /** CPU time in user code and in the kernel, in microseconds, including all descendants. */
  cpuUs: number;
  /**
   * Memory of the process itself, without descendants and without what is swapped out, in bytes.
   */
  residentBytes: number;
}

/** A process as the system lists it: `cpuUs` is its own and that of children that it waited for. */
export interface ProcessLine extends ProcessCost {
  pid: number;
  parent: number;
}

// Linux reports times in hundredths of a second on every architecture.
const TICK_US = 10_000;
const KIB = 1024;

/** @throws Error when there is no such process */
export const readProcessCost = (pid: number): ProcessCost =>
  sumTree(process.platform === "linux" ? readProc() : parsePs(runPs()), pid);

/** A process with the CPU time of all its descendants. @throws Error when it is not listed */
export function sumTree(lines: readonly ProcessLine[], pid: number): ProcessCost {
  const root = lines.find((line) => line.pid === pid);
  if (root === undefined) throw new Error(`there is no process ${pid}`);
  const below = lines.filter(({ parent }) => parent === pid).map((child) => sumTree(lines, child.pid).cpuUs);
  return { cpuUs: below.reduce((sum, cpuUs) => sum + cpuUs, root.cpuUs), residentBytes: root.residentBytes };
}

const runPs = () => execFileSync("ps", ["-A", "-o", "pid=,ppid=,rss=,cputime="], { encoding: "utf8" });

/** Lines of `ps -o pid=,ppid=,rss=,cputime=`; the time as `1-02:03:04`, or `123:04.56` on macOS. */
export function parsePs(output: string): ProcessLine[] {
  const lines = output.matchAll(/^ *(\d+) +(\d+) +(\d+) +(?:(\d+)-)?(?:(\d+):)?(\d+):([\d.]+)$/gm);
  return [...lines].map((line) => {
    const [, pid = 0, parent = 0, kib = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = line.map((part) =>
      Number(part ?? 0),
    );
    const cpuUs = Math.round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1e6);
    return { pid, parent, residentBytes: kib * KIB, cpuUs };
  });
}

/** `/proc/<pid>/stat` and `/proc/<pid>/status` of one process. */
export function parseProc(stat: string, status: string): ProcessLine {
  // The name in parentheses may hold spaces and parentheses; the third field follows it.
  const fields = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + field, 0);
  const kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  return { pid: Number.parseInt(stat, 10), parent: fields[1] ?? 0, cpuUs: ticks * TICK_US, residentBytes: kib * KIB };
}

/** All processes, except those that end while they are read. */
function readProc(): ProcessLine[] {
  const read = (pid: string, file: string) => readFileSync(`/proc/${pid}/${file}`, "utf8");
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      return [parseProc(read(pid, "stat"), read(pid, "status"))];
    } catch {
      return [];
    }
  });
}
