import type { Incoming } from "shared/http/incoming";
import type { HeaderRecord, Reply } from "shared/http/reply";
import { type Route, withHead } from "shared/http/serve";

/** Lets pages of other origins call the API from a browser (Fetch Standard, 3.3). */
export interface Cors {
  /** Headers that an answer has beside its own. */
  headersFor(headers: Pick<Headers, "get">): HeaderRecord;
  /** Answers a preflight of an allowed origin; undefined for any other request. */
  preflight(incoming: Incoming): Reply | undefined;
}

const ALLOWED_HEADERS =
  "Authorization,Content-Type,Idempotency-Key,If-Match,If-None-Match,Last-Event-ID,X-Request-Id,traceparent";
// What a page may read beyond what every page may.
const EXPOSED_HEADERS = "X-Request-Id,X-Upstream-Addr,Retry-After,RateLimit,RateLimit-Policy,Idempotent-Replayed,ETag";
const PREFLIGHT_LIFETIME_SECONDS = "600";

/**
 * CORS for pages of these origins; `["*"]` allows every origin. Cookies are not in it: a page sends
 * its token itself.
 *
 * @param routes whose methods a page may use
 * @returns undefined where no other origin is allowed
 */
export function createCors(origins: readonly string[], routes: readonly Pick<Route, "method">[]): Cors | undefined {
  if (origins.length === 0) return undefined;
  const methods = withHead(routes.map(({ method }) => method)).join(",");
  const allowsAll = origins.includes("*");
  const isAllowed = (origin: string | null) => origin !== null && (allowsAll || origins.includes(origin));

  return {
    headersFor(headers) {
      const origin = headers.get("origin");
      const sent: HeaderRecord = {};
      // A cache must not give one page's answer to another.
      if (!allowsAll) sent.vary = "Origin";
      if (origin === null) return sent;
      if (isAllowed(origin)) sent["access-control-allow-origin"] = allowsAll ? "*" : origin;
      sent["access-control-expose-headers"] = EXPOSED_HEADERS;
      return sent;
    },
    preflight(incoming) {
      if (!isPreflight(incoming) || !isAllowed(incoming.headers.get("origin"))) return undefined;
      return {
        status: 204,
        headers: {
          "access-control-allow-methods": methods,
          "access-control-allow-headers": ALLOWED_HEADERS,
          "access-control-max-age": PREFLIGHT_LIFETIME_SECONDS,
        },
        body: null,
      };
    },
  };
}

const isPreflight = ({ method, headers }: Incoming) => method === "OPTIONS" && headers.get("origin") !== null;

/**
 * What the refusal of a preflight adds where its origin is not allowed: the developer of the page
 * sees no more than that the browser blocked the call, and its status.
 */
export const corsHint = (incoming: Incoming): string =>
  isPreflight(incoming)
    ? " To let pages of other origins call it, name their origins in the gateway's CORS_ORIGINS."
    : "";
