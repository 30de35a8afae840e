import { AsyncLocalStorage } from "node:async_hooks";
import { type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { formatTraceparent, parseTraceparent } from "./traceparent.ts";
import type { OpenSpan, SpanStart, Tracing, TracingOptions } from "./tracing.ts";

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER };
// Spans are lost if the collector does not answer by then. It never delays a request, and delays a
// shutdown by at most this time.
const EXPORT_TIMEOUT_MS = 2_000;

/** Sends spans to a collector in batches, in the background. Registers nothing globally. */
export function createOtlpTracing(service: string, { endpoint, ratio }: TracingOptions): Tracing {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, "")}/v1/traces`,
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.namespace": "leaderboard", "service.name": service }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: EXPORT_TIMEOUT_MS })],
  });
  const tracer = provider.getTracer("leaderboard");
  const current = new AsyncLocalStorage<Context>();

  function begin({ name, kind, parent, links = [], attributes = {} }: SpanStart, startTime = Date.now()): Span {
    const options = { kind: kind === undefined ? SpanKind.INTERNAL : KINDS[kind], attributes, startTime };
    const linked = links.flatMap((link) => parseTraceparent(link) ?? []).map((context) => ({ context }));
    const above = parseTraceparent(parent);
    const context = above === undefined ? current.getStore() : trace.setSpanContext(ROOT_CONTEXT, above);
    return tracer.startSpan(name, { ...options, links: linked }, context ?? ROOT_CONTEXT);
  }

  return {
    async within(start, work) {
      const span = begin(start);
      const fail = () => void span.setStatus({ code: SpanStatusCode.ERROR });
      const open: OpenSpan = { fail, set: (attributes) => void span.setAttributes(attributes) };
      try {
        return await current.run(trace.setSpan(ROOT_CONTEXT, span), () => work(open));
      } catch (error) {
        fail();
        throw error;
      } finally {
        span.end();
      }
    },

    record(start, seconds) {
      if (start.parent === undefined && start.links === undefined && current.getStore() === undefined) return undefined;
      const endedAt = Date.now();
      const span = begin(start, endedAt - seconds * 1000);
      span.end(endedAt);
      return formatTraceparent(span.spanContext());
    },

    current() {
      const context = trace.getSpanContext(current.getStore() ?? ROOT_CONTEXT);
      return context && formatTraceparent(context);
    },

    // A shutdown does not fail because the collector is away.
    close: () => provider.shutdown().catch(() => {}),
  };
}
