/** Apps for tests of routes. */

import { type App, createServe, mountRoutes, type Route } from "shared/http/serve";
import { createLog } from "shared/log/log";

/** An app with these routes and without the configuration of a service. */
export function appOf(routes: readonly Route[]): App {
  const serve = createServe({ log: createLog("test", "silent"), onEnd: [] });
  return mountRoutes(routes, { serve, isStopping: () => false }).app;
}
