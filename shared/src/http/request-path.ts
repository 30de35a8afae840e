import type { BunRequest, Server } from "bun";

/** Answers a request. @param hasAmbiguousPath whether two readers could understand the path differently */
type Serve<S> = (
  request: Request,
  server: Server<S>,
  hasAmbiguousPath: boolean,
) => Response | undefined | Promise<Response>;

// No route of any service has more segments.
const SEGMENTS_MAX = 4;

// Bun reads `\` in a URL as `/`, resolves `.` and `..` (also as %2e), and ends the path at `#`. The segment is decoded, so
// that %5c and %23 are refused with them: no route takes either.
const AMBIGUOUS_SEGMENT = /[\\#]|^\.{1,2}$/;

/**
 * Handlers for `Bun.serve` that tell whether a path is ambiguous. `request.url` is normalised, so that `/.\metrics` reads
 * `/metrics` there, where a proxy that decides by path has seen another one. The parameters of Bun's own router are the
 * only place that has the segments as they were sent.
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
    /** For paths with an empty segment or with too many: one that looks otherwise in the URL was normalised. */
    fetch: (request: Request, server: Server<S>) => serve(request, server, looksRouted(request.url)),
  };
}

function looksRouted(url: string): boolean {
  const path = URL.parse(url)?.pathname ?? "";
  const segments = path.split("/").slice(1);
  return path === "/" || (segments.length <= SEGMENTS_MAX && !segments.includes(""));
}
