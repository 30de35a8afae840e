import { type App, createServe, mountRoutes } from "shared/http/serve";
import type { Log } from "shared/log/log";
import { type Dependency, readinessOf, statusRoutes } from "shared/service/status-routes";

export interface DrainerAppDeps {
  /** The stores of the drained queues. */
  dependencies: readonly Dependency[];
  isStopping: () => boolean;
  isAtWork: () => boolean;
  log: Log;
}

/** The drainer's HTTP side, for probes alone. */
export function createApp(deps: DrainerAppDeps): App {
  const { log, isStopping, isAtWork, dependencies } = deps;
  const status = statusRoutes({ isStopping, isAtWork, readiness: readinessOf(dependencies) });
  return mountRoutes(status, { serve: createServe({ log, onEnd: [] }), isStopping }).app;
}
