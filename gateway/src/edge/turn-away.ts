import type { MiddlewareHandler } from "hono";

/**
 * Once the gateway stops, turns requests away unread, where whoever passes them on says that it takes them elsewhere
 * (`X-May-Turn-Away`, see `infra/deploy/nginx/nginx.conf`). A proxy that does not probe would otherwise send its last request
 * over a connection that is just being closed, and could not tell what became of it.
 */
export function turnAway(isStopping: () => boolean): MiddlewareHandler {
  return function turnAwayMiddleware(c, next) {
    if (!isStopping() || c.req.header("X-May-Turn-Away") === undefined) return next();
    return Promise.resolve(c.body(null, 502, { "X-Turned-Away": "1", Connection: "close" }));
  };
}
