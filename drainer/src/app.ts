import { Hono } from "hono";
import { onProblem, onUnknownRoute, type RequestVariables, refuseAmbiguous, requestId } from "shared/http/http";
import { around } from "shared/http/join-hooks";
import type { Log } from "shared/log/log";
import { answerReadiness, type Dependency } from "shared/service/readiness";

export interface DrainerDeps {
  /** The stores of the queues that are drained here. */
  dependencies: readonly Dependency[];
  /** True once the databases are migrated and the workers run, and while a store of each kind is there. */
  isDraining: () => boolean;
  isStopping: () => boolean;
  log: Log;
}

/** The drainer's HTTP side, for probes alone. */
export function createApp(deps: DrainerDeps): Hono<{ Variables: RequestVariables }> {
  const app = new Hono<{ Variables: RequestVariables }>();
  app.use(around(requestId()), refuseAmbiguous());
  app.get("/health", (c) => c.json({ status: "ok" }));
  app.get("/ready", (c) => {
    const { dependencies, isDraining, isStopping } = deps;
    return answerReadiness(c, { dependencies, isStopping: isStopping(), isAtWork: isDraining() });
  });
  app.onError(onProblem(deps.log));
  app.notFound(onUnknownRoute(app));
  return app;
}
