import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { replaceFile } from "./replace-file.ts";

/** A process with its command line, because the system may reuse its id. */
interface KnownProcess {
  pid: number;
  command: string;
}

/**
 * Records the processes of a data folder, so that the next start can end those of a killed stack.
 */
export interface RunFile {
  /** Records a child. */
  add(pid: number): void;
  remove(pid: number): void;
  /** Removes the file after an orderly end. */
  close(): void;
}

/** Tells a running stack to give its services the number of partitions that Redis has now. */
export const FOLLOW_SIGNAL = "SIGUSR2";

const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 50;

/**
 * Claims the data folder, after ending the processes that a killed stack has left on it.
 *
 * @throws Error when another stack runs on it
 */
export async function openRunFile(file: string, report: (line: string) => void): Promise<RunFile> {
  const known = readRunFile(file);
  if (known !== undefined) {
    const { stack, children } = known;
    if (isAlive(stack) && stack.pid !== process.pid) {
      throw new Error(`The stack already runs here, as process ${stack.pid}. Stop it first: kill ${stack.pid}`);
    }
    for (const child of children.filter(isAlive)) {
      report(`ending process ${child.pid}, left by an earlier run`);
      await end(child);
    }
  }
  const children = new Map<number, KnownProcess>();
  const self = { pid: process.pid, command: commandOf(process.pid) };
  const write = () => {
    replaceFile(file, JSON.stringify({ stack: self, children: [...children.values()] }));
  };
  write();
  return {
    add(pid) {
      children.set(pid, { pid, command: commandOf(pid) });
      write();
    },
    remove(pid) {
      children.delete(pid);
      write();
    },
    close: () => rmSync(file, { force: true }),
  };
}

/** @returns the id of the process of the stack that runs on this file, if one does */
export function runningStack(file: string): number | undefined {
  const stack = readRunFile(file)?.stack;
  return stack !== undefined && isAlive(stack) ? stack.pid : undefined;
}

function readRunFile(file: string): { stack: KnownProcess; children: KnownProcess[] } | undefined {
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, "utf8"));
}

/** The command line of a process; empty where there is no process of that id. */
function commandOf(pid: number): string {
  try {
    return execFileSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    return "";
  }
}

const isAlive = ({ pid, command }: KnownProcess) => command !== "" && commandOf(pid) === command;

async function end(child: KnownProcess): Promise<void> {
  // At SIGINT PostgreSQL also ends its sessions; the others handle it as SIGTERM.
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    process.kill(child.pid, signal);
    for (let waitedMs = 0; waitedMs < STOP_TIMEOUT_MS; waitedMs += POLL_MS) {
      if (!isAlive(child)) return;
      await delay(POLL_MS);
    }
  }
}
