import type { Registry } from "prom-client";
import { Problem } from "../api/problems.ts";
import { problemReply } from "../http/problem-reply.ts";
import { toResponse } from "../http/reply.ts";

/** The path that Prometheus asks for unless it is told otherwise. */
export const METRICS_PATH = "/metrics";

/**
 * Answers `GET /metrics` on a port of its own, and nothing else there. A proxy before the service cannot expose the
 * metrics, because the service's own port does not answer them.
 */
export function serveMetrics(address: { hostname: string; port: number }, registry: Registry): Bun.Server<undefined> {
  return Bun.serve({
    ...address,
    development: false,
    routes: {
      [METRICS_PATH]: {
        GET: async () => new Response(await registry.metrics(), { headers: { "Content-Type": registry.contentType } }),
      },
    },
    fetch: () => toResponse(problemReply(new Problem("not_found", "Metrics alone are here."), crypto.randomUUID())),
  });
}
