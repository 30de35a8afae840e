import { Hono } from "hono";
import type { Registry } from "prom-client";
import { onProblem, onUnknownRoute, type RequestVariables, requestId } from "shared/http";
import type { Log } from "shared/log";
import { answerMetrics } from "shared/metrics";

export interface DrainerDeps {
  /** True once the databases are migrated and the workers run. */
  isReady: () => boolean;
  log: Log;
  metrics: Registry;
}

/** The drainer's HTTP side, for probes and Prometheus alone. */
export function createApp({ isReady, log, metrics }: DrainerDeps): Hono<{ Variables: RequestVariables }> {
  const app = new Hono<{ Variables: RequestVariables }>();
  app.use(requestId());
  app.get("/health", (c) => c.json({ status: "ok" }));
  app.get("/ready", (c) => (isReady() ? c.json({ status: "ready" }) : c.json({ status: "unavailable" }, 503)));
  app.get("/metrics", (c) => answerMetrics(c, metrics));
  app.onError(onProblem(log));
  app.notFound(onUnknownRoute(app));
  return app;
}
