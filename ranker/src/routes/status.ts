import { answerMetrics } from "shared/metrics";
import { answerReadiness } from "shared/readiness";
import type { RankerApp, RankerDeps } from "../app.ts";

/** `GET /health` (the process lives), `GET /ready` (send it requests) and `GET /metrics`. */
export function statusRoutes(app: RankerApp, { dependencies, isStopping, metrics }: RankerDeps): void {
  app.get("/health", (c) => c.json({ status: "ok" }));
  app.get("/ready", (c) => {
    // One store that answers is enough: the other regions' requests get an honest 503 of their own.
    const isAtWork = dependencies.some(({ isUp }) => isUp());
    return answerReadiness(c, { dependencies, isStopping: isStopping(), isAtWork });
  });
  app.get("/metrics", (c) => answerMetrics(c, metrics));
}
