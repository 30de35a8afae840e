import { Counter, Gauge, type Registry } from "prom-client";
import { metricName } from "shared/service/metric-name";
import type { Pool } from "./upstreams.ts";

export interface GatewayMetrics {
  onRateLimited(policy: string): void;
  onLimiterFallback(): void;
  onRetry(): void;
  onStreams(open: number): void;
}

/** What the gateway counts besides its requests. */
export function measureGateway(registry: Registry, pool: Pool): GatewayMetrics {
  const registers = [registry];
  const rateLimited = new Counter({
    name: metricName("gateway_rate_limited_total"),
    help: "Requests answered 429 because a token bucket was empty.",
    labelNames: ["policy"],
    registers,
  });
  const fallbacks = new Counter({
    name: metricName("gateway_limiter_fallback_total"),
    help: "Requests counted in this process because Redis did not answer.",
    registers,
  });
  const retries = new Counter({
    name: metricName("gateway_retries_total"),
    help: "Requests sent to a second upstream.",
    registers,
  });
  const streams = new Gauge({
    name: metricName("gateway_live_streams"),
    help: "Live streams that are open.",
    registers,
  });
  new Gauge({
    name: metricName("gateway_upstream_up"),
    help: "1 while an upstream receives requests.",
    labelNames: ["upstream"],
    registers,
    collect() {
      for (const { address, isUp } of pool.upstreams) this.set({ upstream: address }, isUp ? 1 : 0);
    },
  });
  return {
    onRateLimited: (policy) => rateLimited.inc({ policy }),
    onLimiterFallback: () => fallbacks.inc(),
    onRetry: () => retries.inc(),
    onStreams: (open) => streams.set(open),
  };
}
