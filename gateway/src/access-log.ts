import type { Context } from "hono";
import type { Aspect } from "shared/around";
import { type Log, withoutRedaction } from "shared/log";
import type { GatewayEnv } from "./app.ts";

// Asked several times a second by whoever watches the service.
const STATUS_ROUTES = new Set(["/health", "/ready", "/metrics"]);

/**
 * One line a request, at its end: who asked for what, which upstream answered, how long it took. Never a header, never a
 * query.
 */
export function accessLog(log: Log): Aspect {
  const lines = withoutRedaction(log);
  return {
    after(c: Context<GatewayEnv>, startedAtMs) {
      const level = STATUS_ROUTES.has(c.req.path) ? "debug" : "info";
      const { method, path } = c.req;
      const { status } = c.res;
      const write = () =>
        lines[level](
          {
            ...{ request_id: c.get("requestId"), method, path, status },
            ...{ duration_ms: Math.round((performance.now() - startedAtMs) * 100) / 100, client: c.get("client") },
            ...{ upstream: c.get("upstream"), user_id: c.get("userId"), operator: c.get("operator") },
          },
          "request",
        );
      const ended = c.get("ended");
      if (ended === undefined) write();
      else void ended.then(write);
    },
  };
}
