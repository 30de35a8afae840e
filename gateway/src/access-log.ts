import type { MiddlewareHandler } from "hono";
import { type Log, withoutRedaction } from "shared/log";
import type { GatewayEnv } from "./app.ts";

// Asked several times a second by whoever watches the service.
const STATUS_ROUTES = new Set(["/health", "/ready", "/metrics"]);

/**
 * One line a request, at its end: who asked for what, which upstream answered, how long it took. Never a header, never a
 * query.
 */
export function accessLog(log: Log): MiddlewareHandler<GatewayEnv> {
  const lines = withoutRedaction(log);
  return async function accessLogMiddleware(c, next) {
    const startedAt = performance.now();
    await next();
    const level = STATUS_ROUTES.has(c.req.path) ? "debug" : "info";
    const { method, path } = c.req;
    const { status } = c.res;
    const write = () =>
      lines[level](
        {
          ...{ request_id: c.get("requestId"), method, path, status },
          ...{ duration_ms: Math.round((performance.now() - startedAt) * 100) / 100, client: c.get("client") },
          ...{ upstream: c.get("upstream"), user_id: c.get("userId") },
        },
        "request",
      );
    const ended = c.get("ended");
    if (ended === undefined) write();
    else void ended.then(write);
  };
}
