import type { Hono } from "hono";
import { createLog } from "shared/log";
import { createMetrics } from "shared/metrics";
import { createLimiter, type Limit } from "shared/rate-limit";
import type { Redis } from "shared/redis";
import { createTopology } from "shared/regions";
import { createTokens, type TokenOptions } from "shared/tokens";
import { createApp, type GatewayEnv } from "./app.ts";
import { toBlockList } from "./config.ts";
import { measureGateway } from "./metrics.ts";
import { createPool } from "./upstreams.ts";

/** A gateway over a real Redis, in front of a ranker that only notes what reaches it. */
export interface GatewayUnderTest {
  app: Hono<GatewayEnv>;
  /** Paths that reached the ranker. */
  arrived: string[];
  close(): Promise<void>;
}

export interface GatewayOptions extends Partial<TokenOptions> {
  redis: Redis;
  limits?: Partial<Record<"user" | "region" | "address" | "operator", Limit>>;
  trustedProxies?: readonly string[];
}

const PLENTY: Limit = { perSecond: 1_000_000, burst: 1_000_000 };

export function startGatewayUnderTest({ redis, limits, trustedProxies = [], ...rest }: GatewayOptions) {
  const arrived: string[] = [];
  const ranker = Bun.serve({
    ...{ port: 0, hostname: "127.0.0.1" },
    fetch(request) {
      arrived.push(new URL(request.url).pathname);
      return Response.json({});
    },
  });
  const pool = createPool([`http://127.0.0.1:${ranker.port}`]);
  for (const upstream of pool.upstreams) upstream.isUp = true;
  const metrics = createMetrics("test");
  const measured = measureGateway(metrics, pool);
  const app = createApp({
    ...{ topology: createTopology(["GLOBAL", "EU", "NA"], 1, ["main"]), pool, metrics, measured },
    tokens: createTokens({
      ...{ secret: "a secret of the tests, 32 bytes and more", issuer: "leaderboard", audience: "leaderboard" },
      ...{ lifetimeSeconds: 3600, ...rest },
    }),
    limiter: createLimiter({ onFallback: measured.onLimiterFallback }),
    stores: { home: redis, of: () => redis },
    limits: { user: PLENTY, region: PLENTY, address: PLENTY, operator: PLENTY, ...limits },
    trustedProxies: toBlockList(trustedProxies),
    isStopping: () => false,
    log: createLog("test", "silent"),
  });
  return { app, arrived, close: () => ranker.stop(true) } satisfies GatewayUnderTest;
}
