import { answerMetrics } from "shared/metrics";
import type { RankerApp, RankerDeps } from "../app.ts";

/** Something readiness depends on, and whether it can be used at this moment. */
export interface Dependency {
  name: string;
  isUp: () => boolean;
}

/** `GET /health` (the process lives), `GET /ready` (send it requests) and `GET /metrics`. */
export function statusRoutes(app: RankerApp, { dependencies, isStopping, metrics }: RankerDeps): void {
  app.get("/health", (c) => c.json({ status: "ok" }));
  app.get("/ready", (c) => {
    const states = dependencies.map(({ name, isUp }) => ({ name, up: isUp() }));
    // One store that answers is enough: the other regions' requests get an honest 503 of their own.
    const isReady = !isStopping() && states.some(({ up }) => up);
    const status = isStopping() ? "stopping" : isReady ? "ready" : "unavailable";
    return c.json({ status, dependencies: states }, isReady ? 200 : 503);
  });
  app.get("/metrics", (c) => answerMetrics(c, metrics));
}
