import { beforeEach, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dirForFile } from "testing/for-file";
import { openRunFile } from "./run-file.ts";

const file = join(await dirForFile(), "stack.json");
beforeEach(() => rmSync(file, { force: true }));
const silent = () => {};

/** Writes the file of a killed stack, whose children still run. */
function leave(children: { pid: number; command: string }[]): void {
  writeFileSync(file, JSON.stringify({ stack: { pid: 2 ** 22 + 1, command: "gone" }, children }));
}

test("the next start ends the children of a killed stack", async () => {
  const child = Bun.spawn(["sleep", "60"]);
  leave([{ pid: child.pid, command: "sleep 60" }]);
  const reports: string[] = [];
  await openRunFile(file, (line) => reports.push(line));
  expect(await child.exited).not.toBe(0);
  expect(reports).toEqual([`ending process ${child.pid}, left by an earlier run`]);
});

test("a process that only has the same id is left alone", async () => {
  const other = Bun.spawn(["sleep", "60"]);
  leave([{ pid: other.pid, command: "redis-server 127.0.0.1:6390" }]);
  await openRunFile(file, silent);
  expect(other.killed).toBe(false);
  expect(() => process.kill(other.pid, 0)).not.toThrow();
  other.kill();
});

test("a second stack is refused with the process id of the running one", async () => {
  const stack = Bun.spawn(["sleep", "60"]);
  writeFileSync(file, JSON.stringify({ stack: { pid: stack.pid, command: "sleep 60" }, children: [] }));
  await expect(openRunFile(file, silent)).rejects.toThrow(`already runs here, as process ${stack.pid}`);
  stack.kill();
});

test("the run file lists the running children, and is removed at an orderly end", async () => {
  const child = Bun.spawn(["sleep", "60"]);
  const runFile = await openRunFile(file, silent);
  const childrenNow = () => (JSON.parse(readFileSync(file, "utf8")) as { children: unknown[] }).children;
  runFile.add(child.pid);
  expect(childrenNow()).toEqual([{ pid: child.pid, command: "sleep 60" }]);
  runFile.remove(child.pid);
  expect(childrenNow()).toEqual([]);
  runFile.close();
  expect(existsSync(file)).toBe(false);
  child.kill();
});
