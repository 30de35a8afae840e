/** The embedded stack of `npm start`, run on a folder and on ports of one test file. */

import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Redis } from "shared/redis/redis";
import { type Engine, launch } from "stack/engine";
import { freePorts } from "stack/free-port";
import { scratchDir } from "stack/scratch-dir";
import { connectTo } from "../redis/connect.ts";
import { runLb } from "./run-lb.ts";

const START = join(import.meta.dir, "../../start/start.ts");

/** A folder and ports for a stack. */
export interface Place {
  dataDir: string;
  /** The gateway. */
  url: string;
  env: Record<string, string>;
  /** The variables of `stack.env`: the addresses of the stores. */
  readStores(): Promise<Record<string, string>>;
  dispose(): Promise<void>;
}

export async function makePlace(): Promise<Place> {
  const dir = await scratchDir();
  const dataDir = join(dir, "data");
  // The second ranker listens on the port behind the first one's.
  const [rankers, , gateway, drainer, redis, postgres] = await freePorts(6);
  return {
    dataDir,
    url: `http://127.0.0.1:${gateway}`,
    env: {
      GATEWAY_PORT: String(gateway),
      RANKER_PORT: String(rankers),
      DRAINER_PORT: String(drainer),
      REDIS_PORT: String(redis),
      POSTGRES_PORT: String(postgres),
      DATA_DIR: dataDir,
      PATH: process.env.PATH ?? "",
      LOG_LEVEL: "warn",
    },
    async readStores() {
      const text = await readFile(join(dataDir, "stack.env"), "utf8");
      const pairs = text.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2));
      return Object.fromEntries(pairs) as Record<string, string>;
    },
    dispose: () => rm(dir, { recursive: true, force: true }),
  };
}

export interface RunningStack extends Engine {
  lines: string[];
}

/** Runs `infra/start/start.ts`, and resolves once it says that it is ready. */
export async function startStack(place: Place, args: string[] = [], env = {}): Promise<RunningStack> {
  const lines: string[] = [];
  const engine = await launch({
    command: process.execPath,
    args: [START, ...args],
    port: 0,
    stopSignal: "SIGTERM",
    readyWhen: /^Leaderboard is ready/,
    onLine: (line: string) => lines.push(line),
    // Not in the project's folder, whose .env is not the test's.
    spawn: { cwd: tmpdir(), env: { ...place.env, ...env } },
  });
  return { ...engine, lines };
}

/** Runs `lb` on the stores of the stack. @returns its output @throws Error unless it ends with 0 */
export async function runCommand(place: Place, args: string[]): Promise<string> {
  const { code, out, err } = await runLb(args, await place.readStores());
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}\n${out}${err}`);
  return out;
}

/**
 * @returns the process id of a part of the stack from its run file; undefined while it does not run
 */
export async function pidOf(place: Place, part: string): Promise<number | undefined> {
  const { children } = JSON.parse(await readFile(join(place.dataDir, "stack.json"), "utf8")) as {
    children: { pid: number; command: string }[];
  };
  return children.find(({ command }) => command.includes(part))?.pid;
}

export const connectToStack = async (place: Place): Promise<Redis> =>
  connectTo((await place.readStores()).REDIS_URL ?? "");
