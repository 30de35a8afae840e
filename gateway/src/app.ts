import type { BlockList } from "node:net";
import { type Context, Hono } from "hono";
import type { StatusCode } from "hono/utils/http-status";
import type { Registry } from "prom-client";
import type { Tokens } from "shared/auth/tokens";
import { tellEnds } from "shared/http/ended";
import { createHotLane, type HotRoute, mountHotRoutes, putLaneBefore } from "shared/http/hot-routes";
import {
  measureHead,
  onProblem,
  onUnknownRoute,
  type RequestVariables,
  refuseAmbiguous,
  requestId,
} from "shared/http/http";
import { fromContext, type Incoming, type Trail } from "shared/http/incoming";
import { type Aspect, around } from "shared/http/join-hooks";
import { toResponse } from "shared/http/reply";
import { secureAnswers } from "shared/http/secure-headers";
import type { Limit } from "shared/limits/policies";
import type { Limiter } from "shared/limits/rate-limit";
import type { Log } from "shared/log/log";
import type { Topology } from "shared/model/regions";
import type { NetworkBucketKind } from "shared/redis/keys";
import { measureRequests } from "shared/service/metrics";
import { type Connection, closeWhenStopping } from "shared/service/service";
import type { Stores } from "shared/stores/stores";
import { type Tracing, traceRequests } from "shared/tracing/tracing";
import { logAccess } from "./edge/access-log.ts";
import { seeThroughProxies } from "./edge/client-address.ts";
import { allowOrigins } from "./edge/cors.ts";
import { createReadLimit, limitNetworks, limitOperator, limitWriter, type ReadLimit } from "./edge/limits.ts";
import { aroundPermits, DOCUMENT_PERMITS, RANK_PERMITS, STREAM_PERMITS, topPermits } from "./edge/read-permits.ts";
import { turnAway } from "./edge/turn-away.ts";
import type { LiveProxy } from "./live/live-proxy.ts";
import type { GatewayMetrics } from "./metrics.ts";
import { docsRoutes } from "./site/docs.ts";
import { type Page, pageRoutes } from "./site/page.ts";
import type { Links } from "./upstream/links.ts";
import { toOutgoing } from "./upstream/outgoing.ts";
import { type Answer, forward } from "./upstream/proxy.ts";
import { shareAnswers } from "./upstream/share-answers.ts";
import type { Pool } from "./upstream/upstreams.ts";

/** What a gateway limits, each by a policy of the same name. */
export type LimitName = "user" | "region" | "operator" | NetworkBucketKind;

export interface GatewayDeps {
  topology: Topology;
  tokens: Tokens;
  pool: Pool;
  links?: Links;
  live: LiveProxy;
  /** What a browser is shown at `/`; nothing unless given. */
  page?: Page;
  limiter: Limiter;
  stores: Pick<Stores, "home" | "of">;
  limits: Readonly<Record<LimitName, Limit>>;
  trustedProxies: BlockList;
  /** Whose pages may call from a browser; nobody's unless given. */
  corsOrigins?: readonly string[];
  isStopping: () => boolean;
  log: Log;
  metrics: Registry;
  measured: GatewayMetrics;
  tracing?: Tracing | undefined;
}

export interface GatewayEnv {
  Bindings: Pick<Connection, "peer"> & Partial<Connection>;
  Variables: RequestVariables & { trail: Trail };
}

/** The gateway's HTTP interface; it listens to nothing and reads no environment. */
export function createApp(deps: GatewayDeps): Hono<GatewayEnv> {
  const { log, tracing, isStopping, trustedProxies, corsOrigins = [] } = deps;
  const onEnd = [logAccess(log), measureRequests(deps.metrics)];
  const seeThrough = (connection: Partial<Connection> | undefined, forwardedFor: string | null): Trail =>
    seeThroughProxies(connection?.peer ?? "", forwardedFor, trustedProxies);

  const app = new Hono<GatewayEnv>();
  if (tracing !== undefined) app.use(traceRequests(tracing));
  app.use(
    around(requestId(), tellEnds(onEnd), closeWhenStopping(isStopping), beginTrail(seeThrough), secureAnswers()),
    turnAway(isStopping),
    measureHead(),
  );
  app.use(allowOrigins(corsOrigins), refuseAmbiguous());

  const reads = createReadLimit(deps);
  const hotRoutes = hotRoutesOf(deps, reads);
  mountHotRoutes(app, hotRoutes);
  const proxied = proxyTo(deps);
  app.post("/auth/register", limitNetworks(deps, ["address", "registration"]), proxied);
  app.post("/auth/login", limitNetworks(deps, ["address"]), proxied);
  for (const route of ["/live", "/live/rank/:userId"]) {
    app.get(route, reads.middleware(STREAM_PERMITS), streamTo(deps, proxied));
  }

  app.on(["GET", "DELETE"], "/players/:userId", limitOperator(deps), proxied);
  for (const act of ["score", "hide", "unhide"]) app.post(`/players/:userId/${act}`, limitOperator(deps), proxied);

  for (const path of ["/", "/assets/*", "/docs/*", "/openapi.json"]) app.use(path, reads.middleware(DOCUMENT_PERMITS));
  if (deps.page !== undefined) pageRoutes(app, deps.page);
  app.get("/health", (c) => c.json({ status: "ok", upstreams: upstreamStates(deps.pool) }));
  app.get("/ready", (c) => {
    const upstreams = upstreamStates(deps.pool);
    const isReady = !isStopping() && upstreams.some(({ up }) => up);
    const status = isStopping() ? "stopping" : isReady ? "ready" : "unavailable";
    return c.json({ status, upstreams }, isReady ? 200 : 503);
  });
  docsRoutes(app, deps.topology);
  app.onError(onProblem(log));
  app.notFound(onUnknownRoute(app));

  // A span is of one request from its first moment to its last, which Hono's middleware sees.
  if (tracing !== undefined) return app;
  const lane = createHotLane(hotRoutes, {
    log,
    isStopping,
    onEnd,
    // What another origin's page may read of an answer is said by Hono's middleware.
    isLeft: ({ headers }) => corsOrigins.length > 0 && headers.has("origin"),
    onBegin({ headers, trail }, connection) {
      Object.assign(trail, seeThrough(connection, headers.get("x-forwarded-for")));
    },
  });
  putLaneBefore(app, lane);
  return app;
}

const upstreamStates = ({ upstreams }: Pool) => upstreams.map(({ address, isUp }) => ({ address, up: isUp }));

const beginTrail = (
  seeThrough: (connection: Partial<Connection> | undefined, forwardedFor: string | null) => Trail,
): Aspect => ({
  before: (c) => c.set("trail", seeThrough(c.env, c.req.header("X-Forwarded-For") ?? null)),
});

/** What nearly all requests are for. */
function hotRoutesOf(deps: GatewayDeps, reads: ReadLimit): HotRoute[] {
  const ask = (incoming: Incoming) => answerFor(incoming, deps);
  const write = limitWriter(deps, ask);
  return [
    ...["create", "update", "add"].map((act): HotRoute => ({ method: "POST", path: `/score/${act}`, answer: write })),
    // A trace is of one request.
    {
      method: "GET",
      path: "/top",
      answer: reads.limit(deps.tracing === undefined ? shareAnswers(ask) : ask, topPermits),
    },
    { method: "GET", path: "/rank/:userId", answer: reads.limit(ask, () => RANK_PERMITS) },
    { method: "GET", path: "/around/:userId", answer: reads.limit(ask, aroundPermits) },
  ];
}

async function answerFor(incoming: Incoming, deps: GatewayDeps): Promise<Answer> {
  const { pool, links, measured, tracing } = deps;
  return forward(await toOutgoing(incoming), {
    pool,
    links,
    tracing,
    onAttempt({ address }, attempt) {
      incoming.trail.upstream = address;
      if (attempt > 1) measured.onRetry();
    },
  });
}

const proxyTo = (deps: GatewayDeps) =>
  async function proxyHandler(c: Context<GatewayEnv>): Promise<Response> {
    return toResponse(await answerFor(fromContext(c), deps));
  };

const CUT_SECONDS = 1;

/** Passes a stream on; `HEAD` of one is an answer like any other. */
function streamTo({ live }: GatewayDeps, proxied: (c: Context<GatewayEnv>) => Promise<Response>) {
  return async function streamHandler(c: Context<GatewayEnv>): Promise<Response> {
    if (c.req.method === "HEAD") return proxied(c);
    const trail = c.get("trail");
    const setIdleTimeout = (seconds: number) => c.env.setIdleTimeout?.(seconds);
    const { status, headers, body, ended } = await live.open(await toOutgoing(fromContext(c)), {
      address: trail.client ?? "",
      signal: c.req.raw.signal,
      cut: () => setIdleTimeout(CUT_SECONDS),
      onAttempt({ address }) {
        trail.upstream = address;
      },
    });
    if (body instanceof ReadableStream) {
      trail.ended = ended;
      // The ranker's beats tell a connection that lives from one that does not.
      setIdleTimeout(0);
    }
    return c.newResponse(body, status as StatusCode, headers);
  };
}
