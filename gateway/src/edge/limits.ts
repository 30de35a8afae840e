import { setTimeout as delay } from "node:timers/promises";
import type { Context, MiddlewareHandler } from "hono";
import { identify, identifyOperator } from "shared/auth/identify";
import { toAnsweredProblem } from "shared/http/http";
import type { Incoming } from "shared/http/incoming";
import type { Reply } from "shared/http/reply";
import { type LimitedNetworks, limitedNetworks, toNetworkPolicies } from "shared/limits/limited-network";
import { type Bucket, toBuckets, toPolicy, type LimitResult as Verdict } from "shared/limits/policies";
import { toRateLimitHeaders } from "shared/limits/rate-limit-headers";
import { createSyncedBuckets } from "shared/limits/synced-buckets";
import {
  type NetworkBucketKind,
  networkBucketKeys,
  operatorBucketKey,
  regionBucketKey,
  userBucketKey,
} from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import type { GatewayDeps, GatewayEnv } from "../app.ts";
import type { Ask } from "../upstream/share-answers.ts";

/** Score writes, by player and by region, both or neither; who the player is, the token says alone. */
export function limitWriter(deps: GatewayDeps, ask: Ask): Ask {
  const { limits, stores, tokens, topology } = deps;
  const byUser = toPolicy("user", limits.user);
  const byRegion = toPolicy("region", limits.region);
  return async (incoming: Incoming) => {
    const { userId, region } = await identify(tokens, topology, incoming.headers.get("authorization"));
    incoming.trail.userId = userId;
    const limited = await takeTokens(deps, stores.of(region), [
      { policy: byUser, key: userBucketKey(region, userId) },
      { policy: byRegion, key: regionBucketKey(region) },
    ]);
    return answerLimited(ask, incoming, limited);
  };
}

/** Answers with the headers that tell the client where it stands, whatever comes of the request. */
async function answerLimited(ask: Ask, incoming: Incoming, limited: Record<string, string>): Promise<Reply> {
  try {
    const { status, headers, body } = await ask(incoming);
    return { status, headers: { ...headers, ...limited }, body };
  } catch (error) {
    const problem = toAnsweredProblem(error);
    Object.assign(problem.headers, limited);
    throw problem;
  }
}

/**
 * Requests by the networks of the client, since the caller is not known yet.
 *
 * @param kinds the limits that count together: all of their buckets give a permit, or none
 */
export function limitNetworks(
  deps: GatewayDeps,
  kinds: readonly Exclude<NetworkBucketKind, "read">[],
): MiddlewareHandler<GatewayEnv> {
  const limits = kinds.map((kind) => ({ kind, policies: toNetworkPolicies(kind, deps.limits[kind]) }));
  return async function limitNetworksMiddleware(c, next) {
    const networks = limitedNetworks(c.get("trail").client ?? "");
    const buckets = limits.flatMap(({ kind, policies }) => toBuckets(policies, networkBucketKeys(kind, networks)));
    const limited = await takeTokens(deps, deps.stores.home, buckets);
    await next();
    setHeaders(c, limited);
  };
}

/** Limits reads by the networks of the client. It decides in this process, so that a read waits for nothing. */
export interface ReadLimit {
  /**
   * Answers of hot routes tell the limit once less than half of a bucket is left: to tell it always took 8 % of the rate
   * of ranks at the gateway.
   *
   * @param permitsOf what a read costs, by its query
   */
  limit(ask: Ask, permitsOf: (query: string) => number): Ask;
  /** The same for what Hono answers, where the limit is always told. */
  middleware(permits: number): MiddlewareHandler<GatewayEnv>;
}

const TOLD_BELOW_SHARE = 0.5;
// A refusal costs the gateway as much as a rank. A client that asks again at once is slowed down to 20 a second for each
// of its connections, so that its refusals leave the gateway to others.
const REFUSAL_DELAY_MS = 50;

export function createReadLimit({ limits, limiter, measured, stores }: GatewayDeps): ReadLimit {
  const policies = toNetworkPolicies("read", limits.read);
  const synced = createSyncedBuckets({ limiter });
  const bucketsOf = new WeakMap<LimitedNetworks, readonly Bucket[]>();

  function take(client: string | undefined, permits: number): { buckets: readonly Bucket[]; verdict: Verdict } {
    const networks = limitedNetworks(client ?? "");
    const buckets = bucketsOf.get(networks) ?? toBuckets(policies, networkBucketKeys("read", networks));
    bucketsOf.set(networks, buckets);
    const verdict = synced.take(stores.home, buckets, permits);
    if (verdict.denied !== undefined) measured.onRateLimited(verdict.denied.policy.name);
    return { buckets, verdict };
  }

  return {
    // Not async: a promise more for each read is what such a wrapper costs.
    limit: (ask, permitsOf) => (incoming) => {
      const { buckets, verdict } = take(incoming.trail.client, permitsOf(incoming.query));
      if (verdict.denied !== undefined) return refuseLater(buckets, verdict);
      if (!isTold(buckets, verdict)) return ask(incoming);
      return answerLimited(ask, incoming, toRateLimitHeaders(buckets, verdict));
    },
    middleware: (permits) =>
      async function limitReadsMiddleware(c, next) {
        const { buckets, verdict } = take(c.get("trail").client, permits);
        if (verdict.denied !== undefined) await refuseLater(buckets, verdict);
        const limited = toRateLimitHeaders(buckets, verdict);
        await next();
        setHeaders(c, limited);
      },
  };
}

/** @throws Problem `rate_limited` */
async function refuseLater(buckets: readonly Bucket[], verdict: Verdict): Promise<never> {
  await delay(REFUSAL_DELAY_MS);
  toRateLimitHeaders(buckets, verdict);
  throw new Error("a verdict that denies must be refused");
}

const isTold = (buckets: readonly Bucket[], { remaining }: Verdict) =>
  buckets.some(({ policy }, index) => (remaining[index] ?? 0) < policy.burst * TOLD_BELOW_SHARE);

/** What operators do, by operator: a game server writes for many players from one address. */
export function limitOperator(deps: GatewayDeps): MiddlewareHandler<GatewayEnv> {
  const { limits, stores, tokens } = deps;
  const policy = toPolicy("operator", limits.operator);
  return async function limitOperatorMiddleware(c, next) {
    const { name } = await identifyOperator(tokens, c.req.header("Authorization"));
    c.get("trail").operator = name;
    const limited = await takeTokens(deps, stores.home, [{ policy, key: operatorBucketKey(name) }]);
    await next();
    setHeaders(c, limited);
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

/** On the answer, whatever came of the request. */
function setHeaders({ res }: Context, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) res.headers.set(name, value);
}
