import type { Registry } from "prom-client";
import { createTokens, type Revocations, warnOfProvider } from "shared/auth/tokens";
import type { App, Route } from "shared/http/serve";
import { createLimiter } from "shared/limits/rate-limit";
import type { Log } from "shared/log/log";
import { createMetrics } from "shared/service/metrics";
import type { Stores } from "shared/stores/stores";
import type { Tracing } from "shared/tracing/tracing";
import { createApp } from "./app.ts";
import type { GatewayConfig } from "./config.ts";
import { createLiveProxy, type LiveProxy } from "./live/live-proxy.ts";
import { createLiveSlots } from "./live/slots.ts";
import { measureGateway } from "./upstream/metrics.ts";
import type { Pool } from "./upstream/upstreams.ts";

/** The part of the configuration that wiring needs. */
export type GatewaySettings = Pick<GatewayConfig, "topology" | "tokens" | "limits" | "trustedProxies" | "streams"> & {
  readonly corsOrigins: readonly string[];
  readonly publicUrl?: string | undefined;
};

/** What a gateway is built of, beside its configuration. */
export interface GatewayParts {
  log: Log;
  stores: Pick<Stores, "home" | "of">;
  pool: Pool;
  /** The routes of the page at `/`; none by default. */
  page?: readonly Route[];
  tracing?: Tracing | undefined;
  /** Without it operators' listed tokens are answered with 503. */
  revocations?: Revocations | undefined;
  isStopping: () => boolean;
}

export interface Gateway {
  app: App;
  live: LiveProxy;
  metrics: Registry;
}

/** Wires a gateway. It listens to nothing, and begins nothing by itself. */
export function buildGateway(config: GatewaySettings, parts: GatewayParts): Gateway {
  const { log, pool, revocations } = parts;
  const metrics = createMetrics("gateway");
  const { onRateLimited, onLimiterFallback, onRetry, onStreams } = measureGateway(metrics, pool);
  const live = createLiveProxy({ pool, slots: createLiveSlots(config.streams), onStreams });
  const app = createApp({
    ...parts,
    topology: config.topology,
    limits: config.limits,
    trustedProxies: config.trustedProxies,
    corsOrigins: config.corsOrigins,
    publicUrl: config.publicUrl,
    live,
    metrics,
    onRateLimited,
    onRetry,
    tokens: createTokens({ ...config.tokens, revocations, onProviderFailure: warnOfProvider(log) }),
    limiter: createLimiter({ onFallback: onLimiterFallback }),
  });
  return { app, live, metrics };
}
