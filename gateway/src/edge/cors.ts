import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";

// What a page may read and send beyond what every page may.
const EXPOSED = ["X-Request-Id", "X-Upstream-Addr", "Retry-After", "RateLimit", "RateLimit-Policy"];
const ALLOWED = ["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "X-Request-Id", "traceparent"];
const PREFLIGHT_LIFETIME_SECONDS = 600;

/**
 * Lets pages of these origins (`["*"]`: of any) call the API from a browser; nobody's, where there are none. A preflight is
 * answered here. Cookies are not in it: identity is a token that the page sends itself.
 */
export function allowOrigins(origins: readonly string[]): MiddlewareHandler {
  if (origins.length === 0) {
    return function sameOriginMiddleware(_, next) {
      return next();
    };
  }
  return cors({
    origin: origins.includes("*") ? "*" : [...origins],
    allowMethods: ["GET", "HEAD", "POST"],
    allowHeaders: ALLOWED,
    exposeHeaders: [...EXPOSED, "Idempotent-Replayed"],
    maxAge: PREFLIGHT_LIFETIME_SECONDS,
  });
}
