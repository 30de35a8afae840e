import { join } from "node:path";
import { type Engine, launch } from "stack/engine";
import { freePort } from "stack/free-port";
import { JWT_SECRET, type ServiceName } from "testing/service-under-test";
import { gatewayFields } from "../../gateway/src/config.ts";
import { TOPOLOGY } from "./board-under-load.ts";

export interface BenchService extends Engine {
  readonly url: string;
}

const root = join(import.meta.dir, "..", "..");

// Limits are looked at with every request, and never reached.
const LIMIT = "10000000";
const LIMITS = Object.fromEntries(
  Object.keys(gatewayFields)
    .filter((name) => name.startsWith("RATE_"))
    .map((name) => [name, LIMIT]),
);
/** Events that a queue may hold here: nothing drains while requests are timed. */
export const QUEUE_MAX = 100_000_000;

/** What services have here beside where their stores are: the defaults of production otherwise, the log among them. */
export const SERVICE_ENVIRONMENT = {
  ...LIMITS,
  JWT_SECRET,
  NODE_ENV: "production",
  QUEUE_MAX: String(QUEUE_MAX),
  REGIONS: TOPOLOGY.regions.join(),
  BUN_CONFIG_MAX_HTTP_REQUESTS: "16384",
};

/** Starts a service as in production. Its log goes to a file: reading it would be work of ours beside the load. */
export const startBenchService = (name: ServiceName, dir: string, env: Record<string, string>) =>
  startBun(join(root, name, "src/main.ts"), `${name}.log`, dir, { ...SERVICE_ENVIRONMENT, ...env });

/** Runs a file that listens on `PORT` and answers `GET /ready`. */
export async function startBun(
  file: string,
  logFile: string,
  dir: string,
  env: Record<string, string>,
): Promise<BenchService> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const engine = await launch({
    command: "sh",
    args: ["-c", 'exec "$0" "$1" >"$2"', process.execPath, file, join(dir, logFile)],
    port,
    readyWhen: `${url}/ready`,
    stopSignal: "SIGTERM",
    spawn: { cwd: dir, env: { PATH: process.env.PATH, ...env, PORT: String(port) } },
  });
  return { ...engine, url };
}
