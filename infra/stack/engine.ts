import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

/** A server process on loopback that this process has started. */
export interface Engine {
  readonly port: number;
  readonly pid: number;
  /** Resolves with the exit code (or -1 after a signal) when the process has ended. */
  readonly exited: Promise<number>;
  /** Sends the engine's shutdown signal, and waits for the exit. */
  stop(): Promise<void>;
  /** Sends SIGKILL, and waits for the exit. */
  kill(): Promise<void>;
  /** Ends a server whose data nothing reads again, without leaving anything behind. */
  drop(): Promise<void>;
}

export interface LaunchOptions {
  /** What errors call it: the file name of the command unless given. */
  name?: string;
  command: string;
  args: string[];
  port: number;
  /**
   * Matches the line of output that says the engine is ready, or is a URL that answers 2xx when it
   * is.
   */
  readyWhen: RegExp | string;
  stopSignal: NodeJS.Signals;
  /** SIGKILL unless given. */
  dropSignal?: NodeJS.Signals;
  onLine?: ((line: string) => void) | undefined;
  spawn?: SpawnOptions;
}

const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 50;

/**
 * Starts a server and resolves when it is ready. The server has a process group of its own: a
 * Ctrl-C in the terminal must not reach it, since `stop` ends the servers in order.
 *
 * @throws Error with the last lines of output where the process ends early, or is not ready within
 *   a minute
 */
export function launch(options: LaunchOptions): Promise<Engine> {
  const child = spawn(options.command, options.args, {
    ...options.spawn,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise<number>((resolve) => child.once("exit", (code) => resolve(code ?? -1)));
  const lastLines: string[] = [];
  return new Promise((resolve, reject) => {
    const settled = new AbortController();
    const fail = (why: string) => {
      clearTimeout(timer);
      settled.abort();
      reject(new Error(`${options.name ?? basename(options.command)} ${why}\n${lastLines.join("\n")}`));
    };
    const succeed = () => {
      clearTimeout(timer);
      settled.abort();
      if (child.pid !== undefined) resolve(toEngine(child, child.pid, options, exited));
    };
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail("was not ready in time");
    }, READY_TIMEOUT_MS);
    child.once("error", (error) => fail(error.message));
    // "close" and not "exit", so that all its output has been read.
    child.once("close", (code) => fail(`exited with ${code} before it was ready`));
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        lastLines.push(line);
        if (lastLines.length > 20) lastLines.shift();
        options.onLine?.(line);
        if (options.readyWhen instanceof RegExp && options.readyWhen.test(line)) succeed();
      });
    }
    if (typeof options.readyWhen === "string") pollUntilOk(options.readyWhen, settled.signal).then(succeed, () => {});
  });
}

/** Resolves when the URL answers 2xx. @throws AbortError */
async function pollUntilOk(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const response = await fetch(url, { signal }).catch(() => undefined);
    if (response?.ok) return;
    await delay(READY_POLL_MS, undefined, { signal });
  }
}

function toEngine(child: ChildProcess, pid: number, options: LaunchOptions, exited: Promise<number>): Engine {
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
  };
  return {
    port: options.port,
    pid,
    exited,
    stop: () => end(options.stopSignal),
    kill: () => end("SIGKILL"),
    drop: () => end(options.dropSignal ?? "SIGKILL"),
  };
}
