import { join } from "node:path";
import { type Engine, launch } from "stack/engine";
import { freePort } from "stack/free-port";
import { JWT_SECRET, type ServiceName } from "testing/services/service-under-test";
import { gatewayFields } from "../../../gateway/src/config.ts";
import { TOPOLOGY } from "./topology.ts";

export interface BenchService extends Engine, AsyncDisposable {
  readonly url: string;
}

const ROOT = join(import.meta.dir, "../../..");

// Services check every limit with every request, and never reach one.
const LIMIT = "10000000";
const LIMITS = Object.fromEntries(
  Object.keys(gatewayFields)
    .filter((name) => name.startsWith("RATE_"))
    .map((name) => [name, LIMIT]),
);
/** Nothing drains while requests are timed, so the queue must hold all their events. */
export const QUEUE_MAX = 100_000_000;

/**
 * The environment of services beside the addresses of their stores; otherwise the defaults of
 * production.
 */
export const SERVICE_ENVIRONMENT = {
  ...LIMITS,
  JWT_SECRET,
  NODE_ENV: "production",
  QUEUE_MAX: String(QUEUE_MAX),
  REGIONS: TOPOLOGY.regions.join(),
  BUN_CONFIG_MAX_HTTP_REQUESTS: "16384",
};

/**
 * Starts a service as in production. It logs to a file, because reading its log would cost this
 * process CPU time.
 */
export const startBenchService = (name: ServiceName, dir: string, env: Record<string, string>) =>
  startBun(dir, join(ROOT, name, "src/main.ts"), { ...SERVICE_ENVIRONMENT, ...env });

/**
 * Starts a drainer that does not reconcile: the bench leaves rows on one side only, which it would
 * log one by one.
 */
export const startBenchDrainer = (dir: string, stores: { REDIS_URL: string; POSTGRES_URL: string }) =>
  startBenchService("drainer", dir, { ...stores, RECONCILE_INTERVAL_SECONDS: "0" });

/** Starts a Bun server whose body has this many bytes: the most that HTTP in Bun can do. */
export const startConstantServer = (dir: string, bytes: number) =>
  startBun(dir, join(import.meta.dir, "constant-server.ts"), { BODY_BYTES: String(bytes) });

/**
 * Runs a file that listens on `PORT` and answers `GET /ready`; in `dir`, because Bun reads a `.env`
 * where it starts.
 */
async function startBun(dir: string, file: string, env: Record<string, string>): Promise<BenchService> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const engine = await launch({
    command: "sh",
    args: ["-c", 'exec "$0" "$1" >"$2"', process.execPath, file, `${port}.log`],
    port,
    readyWhen: `${url}/ready`,
    stopSignal: "SIGTERM",
    spawn: { cwd: dir, env: { PATH: process.env.PATH, ...env, PORT: String(port) } },
  });
  return { ...engine, url, [Symbol.asyncDispose]: engine.kill };
}
