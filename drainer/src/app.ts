import { type App, mountRoutes } from "shared/http/mount";
import { createServe } from "shared/http/serve";
import type { Log } from "shared/log/log";
import { type ReadinessDeps, statusRoutes } from "shared/service/status-routes";

export interface DrainerAppDeps extends ReadinessDeps {
  log: Log;
}

/** The drainer's HTTP side, for probes alone. */
export function createApp(deps: DrainerAppDeps): App {
  const { log, isStopping } = deps;
  return mountRoutes(statusRoutes(deps), { serve: createServe({ log, onEnd: [] }), isStopping }).app;
}
