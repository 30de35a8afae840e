import type { Context, MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { collectDefaultMetrics, Histogram, Registry } from "prom-client";

/** A registry with the process's own figures (memory, CPU, event loop) in it. */
export function createMetrics(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}

// Seconds. Reads take under a millisecond; a deadline is a second, a queue for password hashes a few.
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Duration of every request by route pattern (never by path: ids would make a series each), method and status. */
export function measureRequests(registry: Registry): MiddlewareHandler {
  const duration = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from the arrival of a request to its answer, in seconds.",
    labelNames: ["method", "route", "status"] as const,
    buckets: DURATION_BUCKETS,
    registers: [registry],
  });
  return async function measureRequestsMiddleware(c, next) {
    const startedAt = performance.now();
    await next();
    const seconds = (performance.now() - startedAt) / 1000;
    duration.observe({ method: c.req.method, route: routePath(c, -1), status: c.res.status }, seconds);
  };
}

/** The answer of `GET /metrics`. */
export async function answerMetrics(c: Context, registry: Registry): Promise<Response> {
  return c.body(await registry.metrics(), 200, { "Content-Type": registry.contentType });
}
