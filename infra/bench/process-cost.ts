import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** What a process has taken so far, with all its threads. */
export interface ProcessCost {
  /** CPU time in user code and in the kernel, in microseconds, of the processes below it as well. */
  cpuUs: number;
  /** Memory of the process itself, without those below it, that is not swapped out, in bytes. */
  residentBytes: number;
}

// What Linux counts in, on every machine it shows to programs.
const TICK_US = 10_000;
const KIB = 1024;

/** @throws Error when there is no such process */
export function readProcessCost(pid: number): ProcessCost {
  return process.platform === "linux" ? readFromProc(pid) : sumTree(parsePs(runPs()), pid);
}

/** A line of `ps`, or what is known of a process otherwise. */
export interface ProcessLine extends ProcessCost {
  pid: number;
  parent: number;
}

/** A process with the CPU time of all below it. @throws Error when it is not among them */
export function sumTree(lines: readonly ProcessLine[], pid: number): ProcessCost {
  const root = lines.find((line) => line.pid === pid);
  if (root === undefined) throw new Error(`there is no process ${pid}`);
  const below = lines.filter(({ parent }) => parent === pid).map((child) => sumTree(lines, child.pid).cpuUs);
  return { cpuUs: below.reduce((sum, cpuUs) => sum + cpuUs, root.cpuUs), residentBytes: root.residentBytes };
}

const runPs = () => execFileSync("ps", ["-A", "-o", "pid=,ppid=,rss=,cputime="], { encoding: "utf8" });

/** Lines of `ps -o pid=,ppid=,rss=,cputime=`; the time as `1-02:03:04`, or `123:04.56` on macOS. */
export function parsePs(output: string): ProcessLine[] {
  return output.split("\n").flatMap((line) => {
    const [pid, parent, kib, time = ""] = line.trim().split(/\s+/);
    const [, days, hours, minutes, seconds] = /^(?:(\d+)-)?(?:(\d+):)?(\d+):([\d.]+)$/.exec(time) ?? [];
    if (seconds === undefined) return [];
    const wholeMinutes = (Number(days ?? 0) * 24 + Number(hours ?? 0)) * 60 + Number(minutes);
    const cpuUs = Math.round((wholeMinutes * 60 + Number(seconds)) * 1e6);
    return [{ pid: Number(pid), parent: Number(parent), residentBytes: Number(kib) * KIB, cpuUs }];
  });
}

/** The CPU time in `/proc/<pid>/stat`, with that of children that have ended. Threads that have ended are in it, too. */
export function parseStat(text: string): number {
  // The name in parentheses may hold anything; the fields that follow it begin with the third.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [user, system, ofChildrenUser, ofChildrenSystem] = fields.slice(11, 15).map(Number);
  return ((user ?? 0) + (system ?? 0) + (ofChildrenUser ?? 0) + (ofChildrenSystem ?? 0)) * TICK_US;
}

function readFromProc(pid: number): ProcessCost {
  const folder = `/proc/${pid}`;
  let cpuUs = parseStat(readFileSync(`${folder}/stat`, "utf8"));
  for (const thread of readdirSync(`${folder}/task`)) {
    for (const child of readIfThere(`${folder}/task/${thread}/children`).split(" ").filter(Boolean)) {
      if (readIfThere(`/proc/${child}/stat`) !== "") cpuUs += readFromProc(Number(child)).cpuUs;
    }
  }
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`${folder}/status`, "utf8")) ?? [];
  return { cpuUs, residentBytes: Number(kib ?? 0) * KIB };
}

/** Nothing where a thread or a process has ended since it was listed. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
