import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Registration } from "shared/api/accounts";
import { createClient } from "shared/client";
import { type ErrorCode, LeaderboardError } from "shared/client/errors";
import { createLog } from "shared/log/log";
import { awaitReady, connectRedis, type Redis } from "shared/redis/redis";
import { type Engine, launch } from "stack/engine";
import { freePort, isPortFree } from "stack/free-port";

const root = join(import.meta.dir, "..", "..");

/** A folder and ports for an embedded stack of one test file's own. */
export interface Place {
  dataDir: string;
  /** The gateway. */
  url: string;
  env: Record<string, string>;
  /** What `stack.env` holds: where the stores are. */
  readStores(): Promise<Record<string, string>>;
  dispose(): Promise<void>;
}

export async function makePlace(): Promise<Place> {
  const dir = await mkdtemp(join(tmpdir(), "leaderboard-stack-"));
  await chmod(dir, 0o755); // PostgreSQL may run as another user
  const dataDir = join(dir, "data");
  const rankers = await twoFreePorts();
  const [gateway, drainer, redis, postgres] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const ports = { GATEWAY_PORT: gateway, RANKER_PORT: rankers, DRAINER_PORT: drainer, REDIS_PORT: redis };
  const numbers = Object.entries({ ...ports, POSTGRES_PORT: postgres }).map(([name, port]) => [name, String(port)]);
  return {
    dataDir,
    url: `http://127.0.0.1:${gateway}`,
    env: { ...Object.fromEntries(numbers), DATA_DIR: dataDir, PATH: process.env.PATH ?? "", LOG_LEVEL: "warn" },
    async readStores() {
      const text = await readFile(join(dataDir, "stack.env"), "utf8");
      const pairs = text.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2));
      return Object.fromEntries(pairs) as Record<string, string>;
    },
    dispose: () => rm(dir, { recursive: true, force: true }),
  };
}

async function twoFreePorts(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (await isPortFree(port + 1)) return port;
  }
}

export interface RunningStack extends Engine {
  lines: string[];
}

/** Runs `infra/start/start.ts` and resolves once it says that it is ready. */
export async function startStack(
  place: Place,
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<RunningStack> {
  const lines: string[] = [];
  const engine = await launch({
    command: process.execPath,
    args: [join(root, "infra/start/start.ts"), ...args],
    port: 0,
    stopSignal: "SIGTERM",
    readyWhen: /^Leaderboard is ready/,
    onLine: (line: string) => lines.push(line),
    // Not in the project's folder: a .env there is not the test's.
    spawn: { cwd: tmpdir(), env: { ...place.env, ...env } },
  });
  return { ...engine, lines };
}

/** Runs one of the project's commands against the stack and answers what it printed. @throws Error unless it ends with 0 */
export async function runCommand(place: Place, args: string[]): Promise<string> {
  const env = { ...(await place.readStores()), PATH: process.env.PATH ?? "" };
  const child = Bun.spawn([process.execPath, join(root, "infra/commands/lb.ts"), ...args], {
    env,
    cwd: tmpdir(),
    stderr: "pipe",
  });
  const [output, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}\n${output}${errors}`);
  return output;
}

/** The process number of a service of the stack, as its run file has it; nothing while there is none. */
export async function pidOf(place: Place, part: string): Promise<number | undefined> {
  const { children } = JSON.parse(await readFile(join(place.dataDir, "stack.json"), "utf8")) as {
    children: { pid: number; command: string }[];
  };
  return children.find(({ command }) => command.includes(part))?.pid;
}

export async function connectTo(place: Place): Promise<Redis> {
  const { REDIS_URL: url = "" } = await place.readStores();
  const redis = connectRedis({ url, name: "test", log: createLog("test", "silent") });
  await awaitReady(redis, 5_000);
  return redis;
}

/** A client of the stack's gateway: the typed one, and beside it an answer as it comes, whole and once. */
export function clientOf({ url }: Pick<Place, "url">) {
  const client = createClient({ url });
  return {
    post: (path: string, body: unknown, token?: string, headers: Record<string, string> = {}) =>
      fetch(url + path, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          ...headers,
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(body),
      }),
    ...client,
    /** The token of a new player. */
    register: async (player: Registration) => (await client.register(player)).token,
  };
}

/** The code of the error that a call of the client ends with; nothing where it succeeds. @throws what is none of its errors */
export async function codeOf(call: Promise<unknown>): Promise<ErrorCode | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof LeaderboardError) return error.code;
    throw error;
  }
}

/** Asks again until the answer is right; the test's own time-out is the bound. */
export async function until<T>(ask: () => Promise<T>, isRight: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isRight(answer)) return answer;
    await new Promise((resolve) => void setImmediate(resolve)); // what is asked for may have yet to come in
  }
}
