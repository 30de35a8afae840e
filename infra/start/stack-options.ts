import { resolve } from "node:path";
import { flag } from "shared/command/define-command";
import { ConfigError, type Environment, wholeNumber } from "shared/service/environment";

/** Where the embedded stack listens and keeps its data. */
export interface StackOptions {
  /** Absolute. */
  dataDir: string;
  ports: Readonly<Record<keyof typeof DEFAULT_PORTS, number>>;
  fresh: boolean;
  withDrainer: boolean;
  /** Where nginx listens before the gateway; undefined without nginx. */
  nginxPort?: number | undefined;
}

/**
 * The variable that sets a port, and the port without it. The second ranker listens one above the
 * first.
 */
export const DEFAULT_PORTS = {
  GATEWAY_PORT: 4000,
  RANKER_PORT: 5000,
  DRAINER_PORT: 6060,
  REDIS_PORT: 6390,
  POSTGRES_PORT: 5490,
} as const;

/** The port of nginx without `NGINX_PORT`. */
export const DEFAULT_NGINX_PORT = 8080;

export const RANKERS = 2;

/** The options of `npm start`. */
export const STACK_FLAGS = {
  fresh: flag("removes the kept data first"),
  nginx: flag("puts nginx before the gateway, for clients that Bun's HTTP parser refuses"),
  "no-drainer": flag("leaves the drainer out: queues fill, and at QUEUE_MAX writes are answered 429"),
};

export type StackFlags = Record<keyof typeof STACK_FLAGS, boolean>;

/**
 * @param root folder that a relative DATA_DIR starts from
 * @throws ConfigError with every fault of the environment
 */
export function toStackOptions(flags: StackFlags, env: Environment, root: string): StackOptions {
  const faults: string[] = [];
  const portOf = (name: string, preset: number): number => {
    const parsed = wholeNumber(1, 65_535 - RANKERS).safeParse(env[name] || String(preset));
    if (!parsed.success) faults.push(`${name} ${parsed.error.issues[0]?.message}`);
    return parsed.data ?? 0;
  };
  const ports = Object.entries(DEFAULT_PORTS).map(([name, preset]) => [name, portOf(name, preset)] as const);
  const nginxPort = flags.nginx ? portOf("NGINX_PORT", DEFAULT_NGINX_PORT) : undefined;
  const used = ports
    .flatMap(([name, port]) => (name === "RANKER_PORT" ? [port, port + 1] : [port]))
    .concat(nginxPort ?? []);
  if (faults.length === 0 && new Set(used).size < used.length)
    faults.push(`two processes would share a port: ${used.join(", ")}`);
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    dataDir: resolve(root, env.DATA_DIR || ".data"),
    ports: Object.fromEntries(ports) as StackOptions["ports"],
    fresh: flags.fresh,
    withDrainer: !flags["no-drainer"],
    nginxPort,
  };
}
