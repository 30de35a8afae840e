import type { Tracing, TracingOptions } from "./tracing.ts";

/** Opens the tracing of a service. Loads the exporter only where a collector is configured. */
export async function openTracing(service: string, options: TracingOptions | undefined): Promise<Tracing | undefined> {
  if (options === undefined) return undefined;
  const { createOtlpTracing } = await import("./otlp-tracing.ts");
  return createOtlpTracing(service, options);
}
