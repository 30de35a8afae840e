import type { BunRequest, Server } from "bun";
import { Problem } from "../api/problems.ts";

/** The part of a request that two readers could understand differently. */
export type AmbiguousPart = "Host" | "Content-Length" | "path";

// One host, with or without a port (RFC 9112, 3.2).
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
const ABSOLUTE_URL = /^https?:\/\//;
// Stands where a request names no host. No route reads it.
const NO_HOST = "http://localhost";
const AMBIGUOUS_PATH = /[\\#]|%(?:5c|23)|\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * The request with an absolute URL, also where it is one of HTTP/1.0 that names no host, as health
 * checks of load balancers send it. Bun gives such a request its bare target for a URL, in which a
 * router would look for the path behind any `://`. In HTTP/1.1 Bun itself refuses a missing host,
 * but an empty one, which names none either (RFC 9112, 3.2), looks the same in both versions.
 */
export function withAbsoluteUrl(request: Request): Request {
  const { url, headers } = request;
  if (!url.startsWith("/") || (headers.get("host") ?? "") !== "") return request;
  const absolute = new Request(NO_HOST + url, request);
  absolute.headers.delete("host");
  return absolute;
}

/**
 * Finds what is ambiguous in a request by HTTP. Bun joins repeated header lines with commas, and
 * gives a request without a valid host its bare target for a URL.
 */
export function findAmbiguous({ url, headers }: Request, hasAmbiguousPath: boolean): AmbiguousPart | undefined {
  const host = headers.get("host");
  if (!ABSOLUTE_URL.test(url) || (host !== null && !HOST.test(host))) return "Host";
  if (hasAmbiguousPath) return "path";
  return headers.get("content-length")?.includes(",") === true ? "Content-Length" : undefined;
}

/** The same for a path that a link has carried as it was sent: no URL parser has normalised it. */
export const isAmbiguousPath = (path: string): boolean => AMBIGUOUS_PATH.test(path);

const MESSAGES: Readonly<Record<AmbiguousPart, string>> = {
  Host: "must name one host, in a request for a path",
  "Content-Length": "must be given once",
  path: "must have no \\, no # and no segments . and .., neither plain nor percent-encoded",
};

export function ambiguousRequest(part: AmbiguousPart): Problem {
  const detail = part === "path" ? "The path is not valid." : `The header ${part} is not valid.`;
  return new Problem("invalid_request", detail, {
    errors: [{ field: part, message: MESSAGES[part] }],
    headers: { connection: "close" },
  });
}

/**
 * Answers a request.
 *
 * @param hasAmbiguousPath whether two readers could understand the path differently
 */
type Serve<S> = (
  request: Request,
  server: Server<S>,
  hasAmbiguousPath: boolean,
) => Response | undefined | Promise<Response>;

// No route of any service has more segments.
const SEGMENTS_MAX = 4;

// Bun reads `\` in a URL as `/`, resolves `.` and `..` (also as %2e), and ends the path at `#`. The
// segment is decoded, so that %5c and %23 are refused with them: no route takes either.
const AMBIGUOUS_SEGMENT = /[\\#]|^\.{1,2}$/;

/**
 * Handlers for `Bun.serve` that tell whether a path is ambiguous. `request.url` is normalised, so
 * that `/.\metrics` reads `/metrics` there, where a proxy that decides by path has seen another
 * one. The parameters of Bun's own router are the only place that has the segments as they were
 * sent.
 */
export function servePaths<S>(serve: Serve<S>) {
  const names = Array.from({ length: SEGMENTS_MAX }, (_, index) => `s${index}`);
  const routes = names.map((_, index) => {
    const present = names.slice(0, index + 1);
    const handle = (request: BunRequest<string>, server: Server<S>) => {
      const params: Record<string, string> = request.params;
      return serve(
        request,
        server,
        present.some((name) => AMBIGUOUS_SEGMENT.test(params[name] ?? "")),
      );
    };
    return [`/${present.map((name) => `:${name}`).join("/")}`, handle] as const;
  });
  return {
    routes: {
      "/": (request: BunRequest<string>, server: Server<S>) => serve(request, server, false),
      ...Object.fromEntries(routes),
    },
    /**
     * For paths with an empty segment or with too many: one that looks otherwise in the URL was
     * normalised.
     */
    fetch: (request: Request, server: Server<S>) => serve(request, server, looksRouted(withAbsoluteUrl(request).url)),
  };
}

function looksRouted(url: string): boolean {
  const path = URL.parse(url)?.pathname ?? "";
  const segments = path.split("/").slice(1);
  return path === "/" || (segments.length <= SEGMENTS_MAX && !segments.includes(""));
}
