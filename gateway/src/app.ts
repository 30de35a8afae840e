import type { BlockList } from "node:net";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import type { StatusCode } from "hono/utils/http-status";
import type { Registry } from "prom-client";
import { type Aspect, around } from "shared/around";
import { createCoalesce } from "shared/coalesce";
import {
  measureHead,
  onProblem,
  onUnknownRoute,
  type RequestVariables,
  readBody,
  refuseAmbiguous,
  requestId,
} from "shared/http";
import { addressBucketKey, operatorBucketKey, regionBucketKey, userBucketKey } from "shared/keys";
import { limitedNetwork } from "shared/limited-network";
import type { Log } from "shared/log";
import { answerMetrics, measureRequests } from "shared/metrics";
import { toPolicy } from "shared/policies";
import type { Bucket, Limit, Limiter } from "shared/rate-limit";
import { toRateLimitHeaders } from "shared/rate-limit-headers";
import type { Redis } from "shared/redis";
import type { Topology } from "shared/regions";
import { secureAnswers } from "shared/secure-headers";
import { type Connection, closeWhenStopping } from "shared/service";
import type { Stores } from "shared/stores";
import { identify, identifyOperator, type Tokens } from "shared/tokens";
import { type Tracing, traceRequests } from "shared/tracing";
import { accessLog } from "./access-log.ts";
import { clientAddress, forwardedChain } from "./client-address.ts";
import { allowOrigins } from "./cors.ts";
import { docsRoutes } from "./docs.ts";
import { headerOf, toUpstreamHeaders } from "./headers.ts";
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
  Variables: RequestVariables & {
    /** The address of whoever asks, seen through trusted proxies. */
    client: string;
    upstream?: string;
    userId?: string;
    /** Resolves when an answer that goes on and on has ended. */
    ended?: Promise<void>;
    operator?: string;
  };
}

/** The gateway's HTTP interface; it listens to nothing and reads no environment. */
export function createApp(deps: GatewayDeps): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  if (deps.tracing !== undefined) app.use(traceRequests(deps.tracing));
  app.use(
    around(
      ...[requestId(), accessLog(deps.log), measureRequests(deps.metrics), closeWhenStopping(deps.isStopping)],
      ...[seeThroughProxies(deps.trustedProxies), secureAnswers()],
    ),
    ...[turnAway(deps.isStopping), measureHead()],
  );
  app.use(allowOrigins(deps.corsOrigins ?? []), refuseAmbiguous());

  const proxied = proxyTo(deps);
  for (const route of ["register", "login"]) app.post(`/auth/${route}`, limitAddress(deps), proxied);
  for (const route of ["create", "update", "add"]) app.post(`/score/${route}`, limitWriter(deps), proxied);
  app.get("/top", shareReads(deps, proxied));
  for (const route of ["/rank/:userId", "/around/:userId"]) app.get(route, proxied);
  for (const route of ["/live", "/live/rank/:userId"]) app.get(route, streamTo(deps, proxied));

  app.on(["GET", "DELETE"], "/players/:userId", limitOperator(deps), proxied);
  for (const act of ["score", "hide", "unhide"]) app.post(`/players/:userId/${act}`, limitOperator(deps), proxied);

  if (deps.page !== undefined) pageRoutes(app, deps.page);
  app.get("/health", (c) => c.json({ status: "ok", upstreams: upstreamStates(deps.pool) }));
  app.get("/ready", (c) => {
    const upstreams = upstreamStates(deps.pool);
    const isReady = !deps.isStopping() && upstreams.some(({ up }) => up);
    const status = deps.isStopping() ? "stopping" : isReady ? "ready" : "unavailable";
    return c.json({ status, upstreams }, isReady ? 200 : 503);
  });
  app.get("/metrics", (c) => answerMetrics(c, deps.metrics));
  docsRoutes(app, deps.topology);
  app.onError(onProblem(deps.log));
  app.notFound(onUnknownRoute(app));
  return app;
}

const upstreamStates = ({ upstreams }: Pool) => upstreams.map(({ address, isUp }) => ({ address, up: isUp }));

const seeThroughProxies = (trusted: BlockList): Aspect => ({
  before: (c) => c.set("client", clientAddress(c.env.peer, c.req.header("X-Forwarded-For"), trusted)),
});

/** Registrations and logins, by address: nobody is known yet. */
function limitAddress({ limits, limiter, stores, measured }: GatewayDeps): MiddlewareHandler<GatewayEnv> {
  const policy = toPolicy("address", limits.address);
  return async function limitAddressMiddleware(c, next) {
    const key = addressBucketKey(limitedNetwork(c.get("client")));
    await takeTokens(c, limiter, stores.home, [{ policy, key }], measured);
    return next();
  };
}

/** Score writes, by player and by region, both or neither; who the player is, the token says alone. */
function limitWriter(deps: GatewayDeps): MiddlewareHandler<GatewayEnv> {
  const { limits, limiter, stores, measured, tokens, topology } = deps;
  const byUser = toPolicy("user", limits.user);
  const byRegion = toPolicy("region", limits.region, { isShared: true });
  return async function limitWriterMiddleware(c, next) {
    const { userId, region } = await identify(tokens, topology, c.req.header("Authorization"));
    c.set("userId", userId);
    const user: Bucket = { policy: byUser, key: userBucketKey(region, userId) };
    const ofRegion: Bucket = { policy: byRegion, key: regionBucketKey(region) };
    await takeTokens(c, limiter, stores.of(region), [user, ofRegion], measured);
    return next();
  };
}

/** What operators do, by operator: a game server writes for many players from one address. */
function limitOperator({ limits, limiter, stores, measured, tokens }: GatewayDeps): MiddlewareHandler<GatewayEnv> {
  const policy = toPolicy("operator", limits.operator, { isShared: true });
  return async function limitOperatorMiddleware(c, next) {
    const { name } = await identifyOperator(tokens, c.req.header("Authorization"));
    c.set("operator", name);
    await takeTokens(c, limiter, stores.home, [{ policy, key: operatorBucketKey(name) }], measured);
    return next();
  };
}

async function takeTokens(
  c: Context<GatewayEnv>,
  limiter: Limiter,
  redis: Redis,
  buckets: readonly Bucket[],
  measured: GatewayMetrics,
): Promise<void> {
  const verdict = await limiter.take(redis, buckets);
  if (verdict.denied !== undefined) measured.onRateLimited(verdict.denied.policy.name);
  const headers = toRateLimitHeaders(buckets, verdict);
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
}

/** What comes to the same when it arrives twice. */
const SETS_STATE = /^DELETE |^POST .*\/(un)?hide$/;

async function toOutgoing(c: Context<GatewayEnv>, trustedProxies: BlockList): Promise<Outgoing> {
  const { method, url } = c.req;
  const isRead = method === "GET" || method === "HEAD";
  const isAuth = c.req.path.startsWith("/auth/");
  const chain = forwardedChain(c.env.peer, c.req.header("X-Forwarded-For"), trustedProxies);
  const target = url.slice(url.indexOf("/", url.indexOf("//") + 2));
  const known = { target, requestId: c.get("requestId"), forwardedFor: chain, client: c.get("client") };
  const headers = toUpstreamHeaders(c.req.raw.headers, known);
  return {
    ...{ method, target, headers },
    body: isRead ? undefined : await readBody(c.req.raw),
    isWrite: !isRead && c.req.path !== "/auth/login",
    // By what is sent, not by what came: a Connection header may have ended a key here.
    isRepeatable:
      isRead ||
      SETS_STATE.test(`${method} ${c.req.path}`) ||
      (!isAuth && headerOf(headers, "idempotency-key") !== undefined),
  };
}

async function answerFor(c: Context<GatewayEnv>, deps: GatewayDeps): Promise<Answer> {
  const { pool, links, trustedProxies, measured, tracing } = deps;
  return forward(await toOutgoing(c, trustedProxies), {
    ...{ pool, links, tracing },
    onAttempt({ address }, attempt) {
      c.set("upstream", address);
      if (attempt > 1) measured.onRetry();
    },
  });
}

function proxyTo(deps: GatewayDeps) {
  return async function proxyHandler(c: Context<GatewayEnv>): Promise<Response> {
    const answer = await answerFor(c, deps);
    return c.newResponse(answer.body, answer.status as StatusCode, answer.headers);
  };
}

/** Asks once for all who want the same of the board at the same time, and gives everybody the one answer. */
function shareReads(deps: GatewayDeps, proxied: (c: Context<GatewayEnv>) => Promise<Response>) {
  const read = createCoalesce<{ answer: Answer; asked: Context<GatewayEnv> }>();
  return async function sharedReadHandler(c: Context<GatewayEnv>): Promise<Response> {
    // A trace is of one request, and HEAD has no body to share.
    if (deps.tracing !== undefined || c.req.method === "HEAD") return proxied(c);
    const { url } = c.req;
    const query = url.includes("?") ? url.slice(url.indexOf("?")) : "";
    const { answer, asked } = await read(query, async () => ({ answer: await answerFor(c, deps), asked: c }));
    // A refusal names the request that it is the answer to.
    if (asked !== c && answer.status !== 200) return proxied(c);
    const upstream = asked.get("upstream");
    if (upstream !== undefined) c.set("upstream", upstream);
    return c.newResponse(answer.body, answer.status as StatusCode, answer.headers);
  };
}

const CUT_SECONDS = 1;

/** Passes a stream on; `HEAD` of one is an answer like any other. */
function streamTo({ live, trustedProxies }: GatewayDeps, proxied: (c: Context<GatewayEnv>) => Promise<Response>) {
  return async function streamHandler(c: Context<GatewayEnv>): Promise<Response> {
    if (c.req.method === "HEAD") return proxied(c);
    const setIdleTimeout = c.env.setIdleTimeout ?? (() => {});
    const { status, headers, body, ended } = await live.open(await toOutgoing(c, trustedProxies), {
      address: c.get("client"),
      signal: c.req.raw.signal,
      cut: () => setIdleTimeout(CUT_SECONDS),
      onAttempt: ({ address }) => c.set("upstream", address),
    });
    if (body instanceof ReadableStream) {
      c.set("ended", ended);
      // The ranker's beats tell a connection that lives from one that does not.
      setIdleTimeout(0);
    }
    return c.newResponse(body, status as StatusCode, headers);
  };
}
