import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { Problem, problemStatus } from "../api/problems.ts";
import { problemReply } from "../http/problem-reply.ts";
import { toResponse } from "../http/reply.ts";
import type { OnEnd } from "../http/serve.ts";
import { observeScripts } from "../redis/scripts/define-script.ts";
import type { Stores } from "../stores/stores.ts";
import { metricName } from "./metric-name.ts";

// Figures of Node for which Bun has no value or a wrong one. Three are gauges with the suffix of a
// counter.
const NOT_OF_BUN = ["nodejs_active_resources", "nodejs_active_handles", "nodejs_active_requests"]
  .flatMap((name) => [name, `${name}_total`])
  .concat("process_heap_bytes", "nodejs_gc_duration_seconds")
  .concat(["total", "used", "available"].map((size) => `nodejs_heap_space_size_${size}_bytes`));

/**
 * A registry that has the process's own figures (memory, CPU, event loop). Each series says its
 * component, so that a query does not depend on the job under which a Prometheus scrapes it. The
 * label `service` would be another's: the Prometheus operator gives it to each series.
 */
export function createMetrics(component: "gateway" | "ranker" | "drainer"): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ component });
  collectDefaultMetrics({ register: registry });
  for (const name of NOT_OF_BUN) registry.removeSingleMetric(name);
  return registry;
}

/**
 * Answers `GET /metrics` on a port of its own. The service's own port does not answer it, so that a
 * proxy before the service cannot expose the metrics.
 */
export function serveMetrics(address: { hostname: string; port: number }, registry: Registry): Bun.Server<undefined> {
  const scrape = async () =>
    new Response(await registry.metrics(), { headers: { "Content-Type": registry.contentType } });
  return Bun.serve({
    ...address,
    development: false,
    routes: { "/metrics": { GET: scrape } },
    fetch: () => toResponse(problemReply(new Problem("not_found", "Metrics alone are here."), crypto.randomUUID())),
  });
}

// Seconds. A read takes under a millisecond, the deadline of a request is one second.
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/**
 * Measures the duration of requests by method, route and status, and counts problems by code. The
 * label is the route, because each path with an id would be a series of its own.
 */
export function measureRequests(registry: Registry): OnEnd {
  const duration = new Histogram({
    name: metricName("http_request_duration_seconds"),
    help: "Time from the arrival of a request to its answer, in seconds.",
    labelNames: ["method", "route", "status"] as const,
    buckets: DURATION_BUCKETS,
    registers: [registry],
  });
  const problems = new Counter({
    name: metricName("http_problems_total"),
    help: "Requests answered with a problem document of this service's own.",
    labelNames: ["code"] as const,
    registers: [registry],
  });
  // Each code begins at 0, because a rate does not show the event that begins a series.
  for (const code of Object.keys(problemStatus)) problems.inc({ code }, 0);
  return ({ incoming: { method }, route, reply: { status, problem }, startedAtMs }) => {
    duration.observe({ method, route, status }, (performance.now() - startedAtMs) / 1000);
    if (problem !== undefined) problems.inc({ code: problem.code });
  };
}

// Seconds. A script takes some 50 µs of an idle Redis; the timeout of a command is 0.4 s.
const SCRIPT_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5];

/** Measures whether each Redis connection is ready, and how long scripts take. */
export function measureStores(registry: Registry, stores: Pick<Stores, "all" | "byAddress">): void {
  const registers = [registry];
  const duration = new Histogram({
    registers,
    name: metricName("redis_script_duration_seconds"),
    labelNames: ["script"] as const,
    buckets: SCRIPT_BUCKETS,
    help: "Time from the call of a script to its reply or failure, as this process sees it.",
  });
  for (const redis of stores.all) observeScripts(redis, (script, seconds) => duration.observe({ script }, seconds));
  new Gauge({
    registers,
    name: metricName("redis_connection_up"),
    labelNames: ["store"] as const,
    help: "1 while the connection to a store is ready for commands.",
    collect() {
      for (const [store, { status }] of stores.byAddress) this.set({ store }, status === "ready" ? 1 : 0);
    },
  });
}
