import { join } from "node:path";
import type { Environment } from "shared/service/environment";
import { launch } from "stack/engine";
import { startPostgres } from "stack/postgres";
import { startRedis } from "stack/redis";
import type { DataDir } from "../data-dir.ts";
import { type Addresses, databasesOf, regionsOf, serviceEnvironment } from "../environment.ts";
import { RANKERS, type StackOptions } from "../stack-options.ts";
import { formatLine } from "./format-line.ts";
import { createLogFile } from "./log-file.ts";
import { startNginx } from "./nginx.ts";
import type { Member } from "./supervise.ts";

/** The project's folder. */
export const ROOT = join(import.meta.dir, "../../..");

/** Prints what a process says for people; of a text with several lines each by itself. */
export const printAs = (name: string) => (text: string) => {
  for (const line of text.trimEnd().split("\n")) process.stdout.write(`${formatLine(name, line)}\n`);
};

/** What a store says: it is for its operator, and would hide what the services say. */
export const logFileOf = (dataDir: string, store: string) => join(dataDir, `${store}.log`);

/** The processes of the stack. Each has to be ready before the next one starts. */
export interface Members {
  stores: readonly Member[];
  drainer: Member;
  /** The rankers, then the gateway, then nginx where it is wanted. */
  services: readonly Member[];
}

/**
 * @param readEnvironment called at each start of a service, because the number of partitions may
 *   have changed since the last one
 */
export function createMembers(
  options: StackOptions,
  readEnvironment: () => Environment,
  data: DataDir,
  addresses: Addresses,
): Members {
  const { ports, dataDir, nginxPort } = options;
  const service = (name: string, folder: string, port: number): Member => ({
    name,
    start: () =>
      launch({
        name,
        command: process.execPath,
        args: [join(ROOT, folder, "src/main.ts")],
        port,
        readyWhen: `http://127.0.0.1:${port}/ready`,
        stopSignal: "SIGTERM",
        onLine: printAs(name),
        spawn: {
          cwd: dataDir,
          env: { ...serviceEnvironment(readEnvironment(), addresses, options), PORT: String(port) },
        },
      }),
  });
  const postgres = {
    port: ports.POSTGRES_PORT,
    dir: data.postgresDir,
    databases: databasesOf(regionsOf(readEnvironment())),
    password: data.secrets.postgresPassword,
    onLine: createLogFile(logFileOf(dataDir, "postgres")),
  };
  const redis = { port: ports.REDIS_PORT, dir: data.redisDir, onLine: createLogFile(logFileOf(dataDir, "redis")) };
  const rankers = Array.from({ length: RANKERS }, (_, index) =>
    service(`ranker-${index + 1}`, "ranker", ports.RANKER_PORT + index),
  );
  const services = [...rankers, service("gateway", "gateway", ports.GATEWAY_PORT)];
  if (nginxPort !== undefined) {
    const nginx = {
      port: nginxPort,
      gatewayPort: ports.GATEWAY_PORT,
      dir: join(dataDir, "nginx"),
      onLine: printAs("nginx"),
    };
    services.push({ name: "nginx", start: () => startNginx(nginx) });
  }
  return {
    stores: [
      { name: "postgres", start: () => startPostgres(postgres) },
      { name: "redis", start: () => startRedis(redis) },
    ],
    drainer: service("drainer", "drainer", ports.DRAINER_PORT),
    services,
  };
}
