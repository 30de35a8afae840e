/** The gateway, the ranker and the drainer as processes. */

import { join } from "node:path";
import { type Engine, launch } from "stack/engine";
import { freePort } from "stack/free-port";
import { scratchStores } from "../scratch.ts";

export interface ServiceUnderTest extends Engine {
  url: string;
  /** The address that Prometheus scrapes. */
  metricsUrl: string;
  /** The lines it has written so far. */
  lines: string[];
}

const root = join(import.meta.dir, "../../..");
export const JWT_SECRET = "a secret of the tests, 32 bytes and more";

export type ServiceName = "gateway" | "ranker" | "drainer";

export interface ServiceOptions {
  /** Defaults to a free one. */
  port?: number;
  /** The port of the metrics. Defaults to a free one. */
  metricsPort?: number;
  /** Arguments of Bun before the file. */
  bunArgs?: string[];
  onLine?: (line: string) => void;
}

/**
 * Starts a service as a process with this environment and no other, and resolves when it listens.
 */
export async function startService(
  name: ServiceName,
  env: Record<string, string>,
  options: ServiceOptions = {},
): Promise<ServiceUnderTest> {
  const port = options.port ?? (await freePort());
  const metricsPort = options.metricsPort ?? (await freePort());
  const own = { PORT: String(port), METRICS_PORT: String(metricsPort) };
  const lines: string[] = [];
  const args = [...(options.bunArgs ?? []), join(root, name, "src/main.ts")];
  const engine = await launch({
    command: process.execPath,
    args,
    port,
    stopSignal: "SIGTERM",
    readyWhen: name === "drainer" ? /"msg":"draining"/ : /"msg":"listening"/,
    onLine: (line) => {
      lines.push(line);
      options.onLine?.(line);
    },
    spawn: { cwd: import.meta.dir, env: { PATH: process.env.PATH, JWT_SECRET, ...env, ...own } },
  });
  return { ...engine, url: `http://127.0.0.1:${port}`, metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`, lines };
}

/**
 * Starts a drainer, a ranker and a gateway before it, with stores of their own.
 *
 * @param more variables of all three
 */
export async function startServices(more: Record<string, string> = {}) {
  const stores = await scratchStores();
  const env = { ...stores.env, ...more };
  const [ranker, drainer] = await Promise.all([startService("ranker", env), startService("drainer", env)]);
  const gateway = await startService("gateway", { ...env, LEADERBOARD_SERVICE_URLS: ranker.url });
  return {
    gateway,
    ranker,
    drainer,
    async dispose() {
      for (const service of [gateway, ranker, drainer]) await service.stop();
      await stores.dispose();
    },
  };
}
