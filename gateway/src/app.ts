import type { BlockList } from "node:net";
import type { Registry } from "prom-client";
import type { Operation } from "shared/api/operation";
import { rankerOperations } from "shared/api/operations";
import { type App, createServe, mountRoutes, type Route } from "shared/http/serve";
import type { Log } from "shared/log/log";
import { measureRequests } from "shared/service/metrics";
import { statusRoutes } from "shared/service/status-routes";
import { logAccess } from "./edge/access-log.ts";
import { seeThroughProxies } from "./edge/client-address.ts";
import { corsHint, createCors } from "./edge/cors.ts";
import { createLimits, type LimitDeps } from "./edge/limits.ts";
import { costOf, createReadLimit, DOCUMENT_COST } from "./edge/read-limit.ts";
import { turnAway } from "./edge/turn-away.ts";
import { docsRoutes } from "./site/docs.ts";
import { type ProxyDeps, proxyOperation } from "./upstream/proxy.ts";

export interface GatewayDeps extends LimitDeps, ProxyDeps {
  /** The routes of the page at `/`; none by default. */
  page?: readonly Route[] | undefined;
  trustedProxies: BlockList;
  /** Origins whose pages may call from a browser; `["*"]` is every origin. */
  corsOrigins: readonly string[];
  /** Where callers reach the gateway, for the OpenAPI document. */
  publicUrl?: string | undefined;
  isStopping: () => boolean;
  log: Log;
  metrics: Registry;
}

/** The gateway's HTTP interface. It listens to nothing and reads no environment. */
export function createApp(deps: GatewayDeps): App {
  const { topology, pool, page = [], trustedProxies, corsOrigins, publicUrl, isStopping, log, metrics, tracing } = deps;
  const limit = createLimits(deps);
  const limitRead = createReadLimit(deps);

  function toRoute(operation: Operation): Route {
    const answer = proxyOperation(operation, deps);
    const isRead = operation.limits.includes("read");
    const handle = isRead ? limitRead(costOf(operation.id), answer) : limit(operation, answer);
    return { method: operation.method, path: operation.path, handle };
  }
  const proxied = Object.values(rankerOperations({ topology, passwordsRequired: false })).map(toRoute);
  const documents = [...docsRoutes(topology, publicUrl), ...page].map((route) => ({
    ...route,
    handle: limitRead(DOCUMENT_COST, route.handle),
  }));

  const upstreams = () => ({ upstreams: pool.upstreams.map(({ address, isUp }) => ({ address, up: isUp })) });
  const isAtWork = () => pool.upstreams.some(({ isUp }) => isUp);
  const status = statusRoutes({ isStopping, isAtWork, readiness: upstreams, health: upstreams });
  const routes = [...status, ...documents, ...proxied];
  const cors = createCors(corsOrigins, routes);

  const serve = createServe({
    log,
    tracing,
    onEnd: [logAccess(log), measureRequests(metrics)],
    intercept: (incoming) => (isStopping() ? turnAway(incoming) : undefined) ?? cors?.preflight(incoming),
  });
  const { app } = mountRoutes(routes, {
    serve,
    isStopping,
    headersFor: cors?.headersFor,
    hintFor: corsHint,
    clientOf: (connection, headers) =>
      seeThroughProxies(connection?.peer ?? "", headers.get("x-forwarded-for"), trustedProxies),
  });
  return app;
}
