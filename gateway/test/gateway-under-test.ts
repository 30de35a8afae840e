import type { Hono } from "hono";
import { createTokens, type TokenOptions, type Tokens } from "shared/auth/tokens";
import type { Limit } from "shared/limits/policies";
import { createLimiter } from "shared/limits/rate-limit";
import { createLog } from "shared/log/log";
import { createTopology, type Topology } from "shared/model/regions";
import type { Redis } from "shared/redis/redis";
import { createMetrics } from "shared/service/metrics";
import { createApp, type GatewayEnv, type LimitName } from "../src/app.ts";
import { toBlockList } from "../src/config.ts";
import { createLiveProxy } from "../src/live/live-proxy.ts";
import { createLiveSlots } from "../src/live/slots.ts";
import { measureGateway } from "../src/metrics.ts";
import { createPool } from "../src/upstream/upstreams.ts";

/** A gateway over a real Redis, in front of a ranker that only notes what reaches it. */
export interface GatewayUnderTest {
  app: Hono<GatewayEnv>;
  /** Paths that reached the ranker. */
  arrived: string[];
  close(): Promise<void>;
}

export interface GatewayOptions extends Partial<TokenOptions> {
  redis: Redis;
  limits?: Partial<Record<LimitName, Limit>>;
  trustedProxies?: readonly string[];
}

const PLENTY: Limit = { perSecond: 1_000_000, burst: 1_000_000 };
/** Limits that no test reaches. */
export const NO_LIMITS: Record<LimitName, Limit> = {
  user: PLENTY,
  region: PLENTY,
  operator: PLENTY,
  address: PLENTY,
  registration: PLENTY,
  read: PLENTY,
};

export interface GatewayBefore {
  /** Where the ranker listens on loopback. */
  port: number | undefined;
  redis: Redis;
  topology: Topology;
  tokens: Tokens;
  limits?: Partial<Record<LimitName, Limit>>;
  trustedProxies?: readonly string[];
  /** Live streams that one address may have open. */
  streamsPerAddress?: number;
  /** Whether the ranker is taken to be up. */
  isUp?: boolean;
}

/** A gateway before one ranker, with limits that no test reaches unless it says so. */
export function createGatewayBefore(options: GatewayBefore): Hono<GatewayEnv> {
  const { port, redis, topology, tokens, limits, trustedProxies = [], streamsPerAddress = 100, isUp = true } = options;
  const pool = createPool([`http://127.0.0.1:${port}`]);
  for (const upstream of pool.upstreams) upstream.isUp = isUp;
  const metrics = createMetrics("gateway");
  const measured = measureGateway(metrics, pool);
  const slots = createLiveSlots({ perAddress: streamsPerAddress, total: 1_000 });
  return createApp({
    topology,
    tokens,
    pool,
    metrics,
    measured,
    live: createLiveProxy({ pool, slots, onStreams: () => {} }),
    limiter: createLimiter({ onFallback: measured.onLimiterFallback }),
    stores: { home: redis, of: () => redis },
    limits: { ...NO_LIMITS, ...limits },
    trustedProxies: toBlockList(trustedProxies),
    isStopping: () => false,
    log: createLog("test", "silent"),
  });
}

export function startGatewayUnderTest({ redis, limits, trustedProxies, ...rest }: GatewayOptions) {
  const arrived: string[] = [];
  const ranker = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      arrived.push(new URL(request.url).pathname);
      return Response.json({});
    },
  });
  const app = createGatewayBefore({
    port: ranker.port,
    redis,
    topology: createTopology(["GLOBAL", "EU", "NA"], 1, ["main"]),
    tokens: createTokens({
      secret: "a secret of the tests, 32 bytes and more",
      issuer: "leaderboard",
      audience: "leaderboard",
      lifetimeSeconds: 3600,
      ...rest,
    }),
    ...(limits === undefined ? {} : { limits }),
    ...(trustedProxies === undefined ? {} : { trustedProxies }),
  });
  return { app, arrived, close: () => ranker.stop(true) } satisfies GatewayUnderTest;
}
