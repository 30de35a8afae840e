import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { observeScripts } from "../redis/redis.ts";
import type { Stores } from "../stores/stores.ts";

/** A span to be. */
export interface SpanStart {
  name: string;
  kind?: "server" | "client" | "consumer";
  /** W3C `traceparent` of the span that this one is below; the span around, where it is left out. */
  parent?: string | undefined;
  /** `traceparent`s of spans of other traces that this one has to do with. */
  links?: readonly string[];
  attributes?: Readonly<Record<string, string | number>>;
}

/** A span under way. */
export interface OpenSpan {
  rename(name: string): void;
  set(attributes: Readonly<Record<string, string | number>>): void;
  /** Marks what the span was about as failed. */
  fail(): void;
}

/**
 * The spans of one process, on their way to a collector. Where tracing is off there is none: whoever may trace takes an
 * optional one and does nothing without it.
 */
export interface Tracing {
  /** Runs `work` in a span. What it throws, the span is marked with, and the caller gets. */
  within<T>(start: SpanStart, work: (span: OpenSpan) => Promise<T>): Promise<T>;
  /**
   * A span that has just ended. One that is below nothing and has no links is left out: nobody would look for it.
   *
   * @returns its `traceparent`
   */
  record(start: SpanStart, seconds: number): string | undefined;
  /** The `traceparent` of the span around. */
  current(): string | undefined;
  /** Sends what is still here. */
  close(): Promise<void>;
}

export interface TracingOptions {
  /** Base URL of a collector that takes OTLP over HTTP: `http://collector:4318`. */
  endpoint: string;
  /** Share of the traces begun here that are recorded, 0 to 1; what came with a `traceparent` is as it says. */
  ratio: number;
}

/** Loads the exporter only where there is somewhere to send to. */
export async function openTracing(service: string, options: TracingOptions | undefined): Promise<Tracing | undefined> {
  if (options === undefined) return undefined;
  const { createOtlpTracing } = await import("./otlp-tracing.ts");
  return createOtlpTracing(service, options);
}

// Asked several times a second by whoever watches the service.
const STATUS_ROUTES = new Set(["/health", "/ready"]);

/** A span for every request but probes, below the caller's. */
export function traceRequests(tracing: Tracing): MiddlewareHandler {
  return function traceRequestsMiddleware(c, next) {
    const { method, path } = c.req;
    if (STATUS_ROUTES.has(path)) return next();
    const parent = c.req.header("traceparent");
    return tracing.within({ name: method, kind: "server", parent }, async (span) => {
      await next();
      const route = routePath(c, -1);
      span.rename(`${method} ${route}`);
      span.set({ "http.request.method": method, "http.route": route, "http.response.status_code": c.res.status });
      span.set({ "leaderboard.request_id": c.res.headers.get("X-Request-Id") ?? "" });
      if (c.res.status >= 500) span.fail();
    });
  };
}

/** A span for every script that is run in one. */
export function traceScripts(tracing: Tracing, stores: Pick<Stores, "all">): void {
  for (const redis of stores.all) {
    observeScripts(redis, (script, seconds) => {
      const attributes = { "db.system.name": "redis", "db.operation.name": script };
      tracing.record({ name: `script ${script}`, kind: "client", attributes }, seconds);
    });
  }
}
