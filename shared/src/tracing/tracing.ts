import { STATUS_PATHS } from "../api/status.ts";
import type { Incoming } from "../http/incoming.ts";
import type { Reply } from "../http/reply.ts";
import { observeScripts } from "../redis/scripts/define-script.ts";
import type { Stores } from "../stores/stores.ts";

/** A span to begin. */
export interface SpanStart {
  name: string;
  kind?: "server" | "client" | "consumer";
  /** W3C `traceparent` of the parent span; by default the current span is the parent. */
  parent?: string | undefined;
  /** `traceparent`s of related spans in other traces. */
  links?: readonly string[];
  attributes?: Readonly<Record<string, string | number>>;
}

/** A span under way. */
export interface OpenSpan {
  set(attributes: Readonly<Record<string, string | number>>): void;
  /** Marks the span as failed. */
  fail(): void;
}

/** The spans of one process. `undefined` stands for it if tracing is off. */
export interface Tracing {
  /** Runs `work` in a span. An error marks the span as failed and is rethrown. */
  within<T>(start: SpanStart, work: (span: OpenSpan) => Promise<T>): Promise<T>;
  /**
   * Records a span that has just ended. A span without a parent and without links is left out.
   *
   * @returns its `traceparent`
   */
  record(start: SpanStart, seconds: number): string | undefined;
  /** The `traceparent` of the current span. */
  current(): string | undefined;
  /** Sends the remaining spans. */
  close(): Promise<void>;
}

export interface TracingOptions {
  /** Base URL of a collector that takes OTLP over HTTP: `http://collector:4318`. */
  endpoint: string;
  /** Share of the traces to record, 0 to 1. A caller's `traceparent` decides for its trace. */
  ratio: number;
}

/** Answers a request in a span whose parent is the caller's. Probes are not traced. */
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

/** Records a span for every Redis script that runs in a span. */
export function traceScripts(tracing: Tracing, stores: Pick<Stores, "all">): void {
  for (const redis of stores.all) {
    observeScripts(redis, (script, seconds) => {
      const attributes = { "db.system.name": "redis", "db.operation.name": script };
      tracing.record({ name: `script ${script}`, kind: "client", attributes }, seconds);
    });
  }
}
