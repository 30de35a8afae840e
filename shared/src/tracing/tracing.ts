import { STATUS_PATHS } from "../api/status.ts";
import type { Incoming } from "../http/incoming.ts";
import type { Reply } from "../http/reply.ts";
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

/** Answers a request in a span, below the caller's. Probes have none. */
export function traceRequest(
  tracing: Tracing,
  { route, incoming }: { route: string; incoming: Incoming },
  answer: () => Promise<Reply>,
): Promise<Reply> {
  const { method, path, requestId, headers } = incoming;
  if (STATUS_PATHS.has(path)) return answer();
  const parent = headers.get("traceparent") ?? undefined;
  return tracing.within({ name: `${method} ${route}`, kind: "server", parent }, async (span) => {
    const reply = await answer();
    span.set({ "http.request.method": method, "http.route": route, "http.response.status_code": reply.status });
    span.set({ "leaderboard.request_id": requestId });
    if (reply.status >= 500) span.fail();
    return reply;
  });
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
