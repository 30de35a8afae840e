import type { LimitName } from "shared/api/operation";
import type { Revocations, TokenOptions } from "shared/auth/tokens";
import type { App } from "shared/http/serve";
import type { Limit } from "shared/limits/policies";
import { createLog, type Log } from "shared/log/log";
import { createTopology, type Topology } from "shared/model/regions";
import type { Redis } from "shared/redis/redis";
import { buildGateway, type Gateway, type GatewaySettings } from "../src/build.ts";
import { toBlockList } from "../src/config.ts";
import { createPool, type Pool } from "../src/upstream/upstreams.ts";

const PLENTY: Limit = { perSecond: 1_000_000, burst: 1_000_000 };
/** Limits that no test reaches. */
const NO_LIMITS: Record<LimitName, Limit> = {
  user: PLENTY,
  region: PLENTY,
  operator: PLENTY,
  address: PLENTY,
  registration: PLENTY,
  read: PLENTY,
};

/** How the tokens of tests are made, by gateways and rankers alike. */
export const TOKEN_OPTIONS: TokenOptions = {
  secret: "a secret of the tests, 32 bytes and more",
  issuer: "leaderboard",
  audience: "leaderboard",
  lifetimeSeconds: 3600,
};

/** Settings of a gateway that limits nothing. */
export const GATEWAY_SETTINGS: Omit<GatewaySettings, "topology"> = {
  tokens: TOKEN_OPTIONS,
  limits: NO_LIMITS,
  trustedProxies: toBlockList([]),
  corsOrigins: [],
  streams: { perAddress: 100, total: 1_000 },
};

export interface GatewayOptions {
  redis: Redis;
  /** Where the rankers listen. */
  urls: readonly string[];
  topology?: Topology;
  tokens?: Partial<TokenOptions>;
  revocations?: Revocations | undefined;
  limits?: Partial<Record<LimitName, Limit>>;
  trustedProxies?: readonly string[];
  corsOrigins?: readonly string[];
  /** Live streams that one address may have open. */
  streamsPerAddress?: number;
  /** Whether the rankers are taken to be up. */
  isUp?: boolean;
  log?: Log;
}

/** A gateway with everything but its port, links and health checks. */
export function buildGatewayUnderTest(options: GatewayOptions): Gateway & { pool: Pool } {
  const { redis, urls, revocations, isUp = true, log = createLog("test", "silent") } = options;
  const pool = createPool(urls);
  for (const upstream of pool.upstreams) upstream.isUp = isUp;
  const settings = {
    topology: options.topology ?? createTopology(["GLOBAL", "EU", "NA"], 1, ["main"]),
    tokens: { ...TOKEN_OPTIONS, ...options.tokens },
    limits: { ...NO_LIMITS, ...options.limits },
    trustedProxies: toBlockList(options.trustedProxies ?? []),
    corsOrigins: options.corsOrigins ?? [],
    streams: { ...GATEWAY_SETTINGS.streams, perAddress: options.streamsPerAddress ?? 100 },
  };
  const stores = { home: redis, of: () => redis };
  return { ...buildGateway(settings, { log, stores, pool, revocations, isStopping: () => false }), pool };
}

/** A gateway before a ranker that only notes what reaches it. */
export interface GatewayUnderTest {
  app: App;
  /** Paths that reached the ranker. */
  arrived: string[];
  close(): Promise<void>;
}

export function startGatewayUnderTest(options: Omit<GatewayOptions, "urls">): GatewayUnderTest {
  const arrived: string[] = [];
  const ranker = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      arrived.push(new URL(request.url).pathname);
      return Response.json({});
    },
  });
  const { app } = buildGatewayUnderTest({ ...options, urls: [`http://127.0.0.1:${ranker.port}`] });
  return { app, arrived, close: () => ranker.stop(true) };
}
