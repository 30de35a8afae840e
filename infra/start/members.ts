import { join } from "node:path";
import type { Environment } from "shared/service/config";
import { launch } from "stack/engine";
import { startPostgres } from "stack/postgres";
import { startRedis } from "stack/redis";
import type { DataDir } from "./data-dir.ts";
import { type Addresses, databasesOf, regionsOf, serviceEnvironment } from "./environment.ts";
import { formatLine } from "./format-line.ts";
import { startNginx } from "./nginx.ts";
import { RANKERS, type StackOptions } from "./stack-options.ts";
import type { Member } from "./supervise.ts";

/** The project's folder. */
export const ROOT = join(import.meta.dir, "../..");

/** Prints a line of a process for people. */
export const printAs = (name: string) => (line: string) => void process.stdout.write(`${formatLine(name, line)}\n`);

/** The processes of the stack. Each has to be ready before the next one starts. */
export interface Members {
  stores: readonly Member[];
  drainer: Member;
  /** The rankers, then the gateway, then nginx where it is wanted. */
  services: readonly Member[];
}

export function createMembers(options: StackOptions, env: Environment, data: DataDir, addresses: Addresses): Members {
  const { ports, dataDir, nginxPort } = options;
  const environment = serviceEnvironment(env, addresses, options);
  const service = (name: string, folder: string, port: number): Member => ({
    name,
    start: () =>
      launch({
        command: process.execPath,
        args: [join(ROOT, folder, "src/main.ts")],
        port,
        readyWhen: `http://127.0.0.1:${port}/ready`,
        stopSignal: "SIGTERM",
        onLine: printAs(name),
        spawn: { cwd: dataDir, env: { ...environment, PORT: String(port) } },
      }),
  });
  const postgres = {
    port: ports.POSTGRES_PORT,
    dir: data.postgresDir,
    databases: databasesOf(regionsOf(env)),
    password: data.secrets.postgresPassword,
    onLine: printAs("postgres"),
  };
  const redis = { port: ports.REDIS_PORT, dir: data.redisDir, onLine: printAs("redis") };
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
