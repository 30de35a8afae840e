import type { BlockList } from "node:net";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import type { StatusCode } from "hono/utils/http-status";
import type { Registry } from "prom-client";
import { type Aspect, around } from "shared/around";
import { createCoalesce } from "shared/coalesce";
import { headerOf } from "shared/header-list";
import { createHotLane, type HotRoute, mountHotRoutes, putLaneBefore } from "shared/hot-routes";
import { measureHead, onProblem, onUnknownRoute, type RequestVariables, refuseAmbiguous, requestId } from "shared/http";
import { fromContext, type Incoming, type Trail } from "shared/incoming";
import { addressBucketKey, operatorBucketKey, regionBucketKey, userBucketKey } from "shared/keys";
import { limitedNetwork } from "shared/limited-network";
import type { Log } from "shared/log";
import { answerMetrics, createRequestMeter, measureHotRoutes, measureRequests } from "shared/metrics";
import { toPolicy } from "shared/policies";
import type { Bucket, Limit, Limiter } from "shared/rate-limit";
import { toRateLimitHeaders } from "shared/rate-limit-headers";
import type { Redis } from "shared/redis";
import type { Topology } from "shared/regions";
import { type Reply, shareBody, toBytes } from "shared/reply";
import { secureAnswers } from "shared/secure-headers";
import { type Connection, closeWhenStopping } from "shared/service";
import type { Stores } from "shared/stores";
import { identify, identifyOperator, type Tokens } from "shared/tokens";
import { type Tracing, traceRequests } from "shared/tracing";
import { createAccessLog, logAccess, logHotAccess } from "./access-log.ts";
import { seeThroughProxies } from "./client-address.ts";
import { allowOrigins } from "./cors.ts";
import { docsRoutes } from "./docs.ts";
import { toUpstreamHeaders } from "./headers.ts";
import type { Links } from "./links.ts";
import type { LiveProxy } from "./live-proxy.ts";
import type { GatewayMetrics } from "./metrics.ts";
import { type Page, pageRoutes } from "./page.ts";
import { type Answer, forward, type Outgoing } from "./proxy.ts";
import { turnAway } from "./turn-away.ts";
import type { Pool } from "./upstreams.ts";

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
  limits: Readonly<Record<"user" | "region" | "address" | "operator", Limit>>;
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
  const meter = createRequestMeter(deps.metrics);
  const accessLog = createAccessLog(log);
  const seeThrough = (connection: Partial<Connection> | undefined, forwardedFor: string | null): Trail =>
    seeThroughProxies(connection?.peer ?? "", forwardedFor, trustedProxies);

  const app = new Hono<GatewayEnv>();
  if (tracing !== undefined) app.use(traceRequests(tracing));
  app.use(
    around(
      ...[requestId(), logAccess(accessLog), measureRequests(meter), closeWhenStopping(isStopping)],
      ...[beginTrail(seeThrough), secureAnswers()],
    ),
    ...[turnAway(isStopping), measureHead()],
  );
  app.use(allowOrigins(corsOrigins), refuseAmbiguous());

  const hotRoutes = [...writeRoutes(deps), ...readRoutes(deps)];
  mountHotRoutes(app, hotRoutes);
  const proxied = proxyTo(deps);
  for (const route of ["register", "login"]) app.post(`/auth/${route}`, limitAddress(deps), proxied);
  for (const route of ["/live", "/live/rank/:userId"]) app.get(route, streamTo(deps, proxied));

  app.on(["GET", "DELETE"], "/players/:userId", limitOperator(deps), proxied);
  for (const act of ["score", "hide", "unhide"]) app.post(`/players/:userId/${act}`, limitOperator(deps), proxied);

  if (deps.page !== undefined) pageRoutes(app, deps.page);
  app.get("/health", (c) => c.json({ status: "ok", upstreams: upstreamStates(deps.pool) }));
  app.get("/ready", (c) => {
    const upstreams = upstreamStates(deps.pool);
    const isReady = !isStopping() && upstreams.some(({ up }) => up);
    const status = isStopping() ? "stopping" : isReady ? "ready" : "unavailable";
    return c.json({ status, upstreams }, isReady ? 200 : 503);
  });
  app.get("/metrics", (c) => answerMetrics(c, deps.metrics));
  docsRoutes(app, deps.topology);
  app.onError(onProblem(log));
  app.notFound(onUnknownRoute(app));

  // A span is of one request from its first moment to its last, which Hono's middleware sees.
  if (tracing !== undefined) return app;
  const lane = createHotLane(hotRoutes, {
    ...{ log, isStopping, onEnd: [logHotAccess(accessLog), measureHotRoutes(meter)] },
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

/** Score writes, by player and by region, both or neither; who the player is, the token says alone. */
function writeRoutes(deps: GatewayDeps): HotRoute[] {
  const { limits, stores, tokens, topology } = deps;
  const byUser = toPolicy("user", limits.user);
  const byRegion = toPolicy("region", limits.region, { isShared: true });

  async function answer(incoming: Incoming): Promise<Reply> {
    const { userId, region } = await identify(tokens, topology, incoming.headers.get("authorization"));
    incoming.trail.userId = userId;
    const limited = await takeTokens(deps, stores.of(region), [
      { policy: byUser, key: userBucketKey(region, userId) },
      { policy: byRegion, key: regionBucketKey(region) },
    ]);
    const { status, headers, body } = await answerFor(incoming, deps);
    return { status, headers: { ...headers, ...limited }, body };
  }

  return ["create", "update", "add"].map((act) => ({ method: "POST", path: `/score/${act}`, answer }));
}

function readRoutes(deps: GatewayDeps): HotRoute[] {
  const answer = (incoming: Incoming) => answerFor(incoming, deps);
  return [
    // A trace is of one request.
    { method: "GET", path: "/top", answer: deps.tracing === undefined ? shareAnswers(answer) : answer },
    { method: "GET", path: "/rank/:userId", answer },
    { method: "GET", path: "/around/:userId", answer },
  ];
}

type Ask = (incoming: Incoming) => Promise<Reply>;

/** Asks once for all who want the same of the board at the same time, and gives everybody the one answer. */
function shareAnswers(ask: Ask): Ask {
  const read = createCoalesce<{ answer: Reply; asked: Incoming }>();
  const askForAll = async (incoming: Incoming) => {
    const answer = await ask(incoming);
    return { answer: { ...answer, body: shareBody(toBytes(answer.body)) }, asked: incoming };
  };
  return async (incoming) => {
    if (incoming.method !== "GET") return ask(incoming); // HEAD has no body to share
    const { answer, asked } = await read(incoming.query, () => askForAll(incoming));
    if (asked === incoming) return answer;
    // A refusal names the request that it is the answer to.
    if (answer.status !== 200) return ask(incoming);
    const { upstream } = asked.trail;
    if (upstream !== undefined) incoming.trail.upstream = upstream;
    return answer;
  };
}

/** Registrations and logins, by address: nobody is known yet. */
function limitAddress(deps: GatewayDeps): MiddlewareHandler<GatewayEnv> {
  const policy = toPolicy("address", deps.limits.address);
  return async function limitAddressMiddleware(c, next) {
    const key = addressBucketKey(limitedNetwork(c.get("trail").client ?? ""));
    setHeaders(c, await takeTokens(deps, deps.stores.home, [{ policy, key }]));
    return next();
  };
}

/** What operators do, by operator: a game server writes for many players from one address. */
function limitOperator(deps: GatewayDeps): MiddlewareHandler<GatewayEnv> {
  const { limits, stores, tokens } = deps;
  const policy = toPolicy("operator", limits.operator, { isShared: true });
  return async function limitOperatorMiddleware(c, next) {
    const { name } = await identifyOperator(tokens, c.req.header("Authorization"));
    c.get("trail").operator = name;
    setHeaders(c, await takeTokens(deps, stores.home, [{ policy, key: operatorBucketKey(name) }]));
    return next();
  };
}

/** @returns the headers that tell the client where it stands. @throws Problem `rate_limited` */
async function takeTokens(
  { limiter, measured }: GatewayDeps,
  redis: Redis,
  buckets: readonly Bucket[],
): Promise<Record<string, string>> {
  const verdict = await limiter.take(redis, buckets);
  if (verdict.denied !== undefined) measured.onRateLimited(verdict.denied.policy.name);
  return toRateLimitHeaders(buckets, verdict);
}

function setHeaders(c: Context, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
}

/** What comes to the same when it arrives twice. */
const SETS_STATE = /^DELETE |^POST .*\/(un)?hide$/;

async function toOutgoing(incoming: Incoming): Promise<Outgoing> {
  const { method, path, query, requestId, headers: received, trail } = incoming;
  const isRead = method === "GET" || method === "HEAD";
  const target = path + query;
  const { client = "", forwardedFor = "" } = trail;
  const headers = toUpstreamHeaders(received, { target, requestId, forwardedFor, client });
  return {
    ...{ method, target, headers },
    body: isRead ? undefined : await incoming.body(),
    isWrite: !isRead && path !== "/auth/login",
    // By what is sent, not by what came: a Connection header may have ended a key here.
    isRepeatable:
      isRead ||
      SETS_STATE.test(`${method} ${path}`) ||
      (!path.startsWith("/auth/") && headerOf(headers, "idempotency-key") !== undefined),
  };
}

async function answerFor(incoming: Incoming, deps: GatewayDeps): Promise<Answer> {
  const { pool, links, measured, tracing } = deps;
  return forward(await toOutgoing(incoming), {
    ...{ pool, links, tracing },
    onAttempt({ address }, attempt) {
      incoming.trail.upstream = address;
      if (attempt > 1) measured.onRetry();
    },
  });
}

const proxyTo = (deps: GatewayDeps) =>
  async function proxyHandler(c: Context<GatewayEnv>): Promise<Response> {
    const { status, headers, body } = await answerFor(fromContext(c), deps);
    return c.newResponse(body, status as StatusCode, headers);
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
