import { resolve } from "node:path";
import { readArguments } from "shared/base/arguments";
import { ConfigError, type Environment, wholeNumber } from "shared/service/config";

/** Where the embedded stack listens and keeps its data. */
export interface StackOptions {
  /** Absolute. */
  dataDir: string;
  ports: Readonly<Record<keyof typeof DEFAULT_PORTS, number>>;
  fresh: boolean;
  withDrainer: boolean;
}

/** The variable that sets a port, and its value when nothing does. The second ranker listens one above the first. */
export const DEFAULT_PORTS = {
  GATEWAY_PORT: 4000,
  RANKER_PORT: 5000,
  DRAINER_PORT: 6060,
  REDIS_PORT: 6390,
  POSTGRES_PORT: 5490,
} as const;

export const RANKERS = 2;

export const HELP = `Runs the whole leaderboard on this machine: Redis, PostgreSQL, two rankers, a drainer, a gateway.

  npm start [-- options]

  --fresh        removes the kept data first
  --no-drainer   leaves the drainer out: queues fill, and at QUEUE_MAX writes are answered 429
  --help         shows this

Environment: ${Object.entries(DEFAULT_PORTS)
  .map(([name, port]) => `${name}=${port}`)
  .join(" ")} DATA_DIR=.data,
and the limits, PASSWORDS, QUEUE_MAX, REGIONS, BOARDS, LOG_LEVEL … of .env.example.
`;

/**
 * @param root folder that a relative DATA_DIR starts from
 * @returns nothing when help was asked for
 * @throws ConfigError with every fault
 */
export function readOptions(args: string[], env: Environment, root: string): StackOptions | undefined {
  const { values } = parse(args);
  if (values.help) return undefined;
  const faults: string[] = [];
  const ports = Object.entries(DEFAULT_PORTS).map(([name, missing]) => {
    const parsed = wholeNumber(1, 65_535 - RANKERS).safeParse(env[name] || String(missing));
    if (!parsed.success) faults.push(`${name} ${parsed.error.issues[0]?.message}`);
    return [name, parsed.data ?? 0] as const;
  });
  const used = ports.flatMap(([name, port]) => (name === "RANKER_PORT" ? [port, port + 1] : [port]));
  if (faults.length === 0 && new Set(used).size < used.length)
    faults.push(`two processes would share a port: ${used.join(", ")}`);
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    dataDir: resolve(root, env.DATA_DIR || ".data"),
    ports: Object.fromEntries(ports) as StackOptions["ports"],
    fresh: values.fresh ?? false,
    withDrainer: !values["no-drainer"],
  };
}

function parse(args: string[]) {
  const flag = { type: "boolean" } as const;
  return readArguments({ args, options: { fresh: flag, "no-drainer": flag, help: { ...flag, short: "h" } } });
}
