import { expect, test } from "bun:test";
import { parseProc, parsePs, readProcessCost, sumTree } from "./process-cost.ts";

test("a process that has worked has used CPU time and memory, and one that does not exist is refused", () => {
  const { cpuUs, residentBytes } = readProcessCost(process.pid);
  expect(cpuUs).toBeGreaterThan(0);
  expect(residentBytes).toBeGreaterThan(1e6);
  expect(() => readProcessCost(2 ** 30)).toThrow("no process");
});

test("/proc gives time in user code, in the kernel and of ended children for any process name", () => {
  const stat = "42 (a) 9 9 (b) S 1 42 42 0 -1 4194304 5659 0 0 0 150 26 7 2 20 0 5 0 123";
  const status = "Name:\ta) 9 9 (b\nVmHWM:\t    9 kB\nVmRSS:\t    3 kB\n";
  const cpuUs = (150 + 26 + 7 + 2) * 10_000;
  expect(parseProc(stat, status)).toEqual({ pid: 42, parent: 1, cpuUs, residentBytes: 3072 });
});

test("ps gives days, hours, minutes and seconds, or minutes alone", () => {
  expect(parsePs("   1     0  2048 1-02:03:04\n  77     1    10 123:04.56\n\n 78 1 10 -\n")).toEqual([
    { pid: 1, parent: 0, residentBytes: 2_097_152, cpuUs: (26 * 3600 + 3 * 60 + 4) * 1e6 },
    { pid: 77, parent: 1, residentBytes: 10_240, cpuUs: (123 * 60 + 4.56) * 1e6 },
  ]);
});

test("the CPU time of a process includes its descendants, its memory does not", () => {
  const line = (pid: number, parent: number, cpuUs: number) => ({ pid, parent, cpuUs, residentBytes: pid });
  const lines = [line(1, 0, 1), line(2, 1, 20), line(3, 2, 300), line(4, 0, 4000)];
  expect(sumTree(lines, 1)).toEqual({ cpuUs: 321, residentBytes: 1 });
});
