import { answerReadiness } from "shared/service/readiness";
import type { RankerApp, RankerDeps } from "../app.ts";

/** `GET /health` (the process lives) and `GET /ready` (send it requests). */
export function statusRoutes(app: RankerApp, { dependencies, isStopping }: RankerDeps): void {
  app.get("/health", (c) => c.json({ status: "ok" }));
  app.get("/ready", (c) => {
    // One store that answers is enough: the other regions' requests get an honest 503 of their own.
    const isAtWork = dependencies.some(({ isUp }) => isUp());
    return answerReadiness(c, { dependencies, isStopping: isStopping(), isAtWork });
  });
}
