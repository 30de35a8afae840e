import { join } from "node:path";
import { GLOBAL } from "shared/model/regions";
import { commonFields } from "shared/service/config";
import type { Environment } from "shared/service/environment";
import { drainerFields } from "../../drainer/src/config.ts";
import { gatewayFields } from "../../gateway/src/config.ts";
import { rankerFields } from "../../ranker/src/config.ts";
import { RANKERS, type StackOptions } from "./stack-options.ts";

/** The variables of all services. */
export const FIELDS = { ...gatewayFields, ...rankerFields, ...drainerFields };
/** Variables that the stack sets itself: a `.env` for production must not lead it to real data. */
const OWN =
  /^(PORT|METRICS_PORT|HOST|NODE_ENV|REDIS_URL|POSTGRES_URL|LEADERBOARD_SERVICE_URLS|JWT_SECRET(_PREVIOUS)?)$/;
export const isReplaced = (name: string): boolean => OWN.test(name);
const PASSED_ON = Object.keys(FIELDS).filter((name) => !isReplaced(name));
/** Where nginx connects from. */
const LOOPBACK = "127.0.0.1";
const OF_THE_PROCESS = ["PATH", "HOME", "TMPDIR", "TZ"];

/**
 * Defaults for one machine, where all clients have the same address and no other machine connects.
 */
const EASY = {
  PASSWORDS: "optional",
  RATE_ADDRESS_PER_SECOND: "2000",
  RATE_ADDRESS_BURST: "4000",
  RATE_REGISTRATION_PER_MINUTE: "120000",
  RATE_REGISTRATION_BURST: "4000",
  RATE_READ_PER_SECOND: "1000000",
  RATE_READ_BURST: "1000000",
  LIVE_STREAMS_PER_ADDRESS: "10000",
};

/**
 * Variables of `stack.env` that name the stack itself: its gateway, and the file of its process.
 */
export const STACK_URL = "LEADERBOARD_STACK_URL";
export const STACK_RUN_FILE = "LEADERBOARD_STACK_RUN_FILE";

export const runFileOf = (dataDir: string) => join(dataDir, "stack.json");

/** The regions of the stack. @throws ZodError when `REGIONS` is not valid */
export const regionsOf = (env: Environment) => commonFields.REGIONS.parse(env.REGIONS || undefined);

export const databaseOf = (region: string) => `leaderboard_${region.toLowerCase()}`;

/** The databases of these regions, and the one of the accounts. */
export const databasesOf = (regions: readonly string[]) => [...new Set([GLOBAL, ...regions])].map(databaseOf);

export interface Addresses {
  redisUrl: string;
  /** URL of one of the databases. */
  postgresUrl: (database: string) => string;
  jwtSecret: string;
}

/** The addresses of the stores, for services and commands. */
export function storeEnvironment(env: Environment, { redisUrl, postgresUrl }: Addresses): Record<string, string> {
  return {
    ...pick(env, ["REGIONS", "PARTITIONS", "BOARDS"]),
    REDIS_URL: redisUrl,
    POSTGRES_URL: postgresUrl(databaseOf(GLOBAL)),
    ...Object.fromEntries(regionsOf(env).map((region) => [`POSTGRES_URL_${region}`, postgresUrl(databaseOf(region))])),
  };
}

/** The variables of `stack.env`: the stores, the signing of tokens, and where the stack is. */
export function commandEnvironment(
  env: Environment,
  addresses: Addresses,
  { ports, dataDir }: StackOptions,
): Record<string, string> {
  const signing = pick(env, ["JWT_ISSUER", "JWT_AUDIENCE"]);
  return {
    ...storeEnvironment(env, addresses),
    ...signing,
    JWT_SECRET: addresses.jwtSecret,
    [STACK_URL]: `http://127.0.0.1:${ports.GATEWAY_PORT}`,
    [STACK_RUN_FILE]: runFileOf(dataDir),
  };
}

/** The whole environment of a service, except for its port. */
export function serviceEnvironment(env: Environment, addresses: Addresses, { ports, nginxPort }: StackOptions) {
  const rankers = Array.from({ length: RANKERS }, (_, index) => `http://127.0.0.1:${ports.RANKER_PORT + index}`);
  return {
    ...EASY,
    ...pick(env, [...OF_THE_PROCESS, ...PASSED_ON]),
    ...storeEnvironment(env, addresses),
    TRUSTED_PROXIES: [env.TRUSTED_PROXIES, nginxPort === undefined ? "" : LOOPBACK].filter(Boolean).join(","),
    JWT_SECRET: addresses.jwtSecret,
    LEADERBOARD_SERVICE_URLS: rankers.join(","),
    // Bun's default is 256 requests at once, and every live stream is one.
    BUN_CONFIG_MAX_HTTP_REQUESTS: "16384",
  };
}

function pick(env: Environment, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}
