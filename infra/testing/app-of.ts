import { type App, mountRoutes } from "shared/http/mount";
import { createServe, type Route } from "shared/http/serve";
import { createLog } from "shared/log/log";

/** An app of these routes, and of nothing around them that a service configures. */
export function appOf(routes: readonly Route[]): App {
  const serve = createServe({ log: createLog("test", "silent"), onEnd: [] });
  return mountRoutes(routes, { serve, isStopping: () => false }).app;
}
