import type { LimitName, Operation, OperatorAccess } from "shared/api/operation";
import { identify, identifyFor } from "shared/auth/identify";
import { factsOf } from "shared/auth/require-access";
import { type Identity, isOperator, type Operator, type Tokens } from "shared/auth/tokens";
import type { Facts } from "shared/http/facts";
import type { Incoming } from "shared/http/incoming";
import { toProblemReply } from "shared/http/problem-reply";
import type { Reply } from "shared/http/reply";
import type { Handle } from "shared/http/serve";
import { limitedNetworks, toNetworkPolicies } from "shared/limits/limited-network";
import { type Bucket, type Limit, toBuckets, toPolicy, toRateLimitHeaders } from "shared/limits/policies";
import type { Limiter } from "shared/limits/rate-limit";
import type { Topology } from "shared/model/regions";
import { networkBucketKeys, operatorBucketKey, regionBucketKey, userBucketKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import type { Stores } from "shared/stores/stores";

export interface LimitDeps {
  topology: Topology;
  tokens: Tokens;
  limiter: Limiter;
  stores: Pick<Stores, "home" | "of">;
  limits: Readonly<Record<LimitName, Limit>>;
  onRateLimited: (policy: string) => void;
}

/** Puts the limits of an operation before what answers it. */
export type LimitOperation = (operation: Pick<Operation, "access" | "limits">, answer: Handle) => Handle;

/**
 * Limits by buckets in Redis: of players, operators, and the networks of clients that show no
 * token.
 */
export function createLimits(deps: LimitDeps): LimitOperation {
  const { limits, limiter, stores, tokens, topology, onRateLimited } = deps;
  const byUser = toPolicy("user", limits.user);
  const byRegion = toPolicy("region", limits.region);
  const byOperator = toPolicy("operator", limits.operator);

  /** @returns the headers that tell the client where it stands. @throws Problem `rate_limited` */
  async function take(redis: Redis, buckets: readonly Bucket[]): Promise<Record<string, string>> {
    const result = await limiter.take(redis, buckets);
    if (result.denied !== undefined) onRateLimited(result.denied.policy.name);
    return toRateLimitHeaders(buckets, result);
  }

  /** Score writes, by player and by region: both buckets give a permit, or neither does. */
  function takeOfPlayer({ userId, region }: Identity): Limited {
    const buckets: Bucket[] = [
      { policy: byUser, key: userBucketKey(region, userId) },
      { policy: byRegion, key: regionBucketKey(region) },
    ];
    return { facts: { userId }, limited: take(stores.of(region), buckets) };
  }

  /** By operator, not by address: a game server writes for many players from one. */
  function takeOfOperator(operator: Operator): Limited {
    const limited = take(stores.home, [{ policy: byOperator, key: operatorBucketKey(operator.name) }]);
    return { facts: factsOf(operator), limited };
  }

  const limitPlayer =
    (answer: Handle): Handle =>
    async (incoming) => {
      const player = await identify(tokens, topology, incoming.headers.get("authorization"));
      return answerLimited(answer, incoming, takeOfPlayer(player));
    };

  const limitOperator =
    (access: OperatorAccess, answer: Handle): Handle =>
    async (incoming) => {
      const caller = await identifyFor(tokens, { topology, access }, incoming.headers.get("authorization"));
      return answerLimited(answer, incoming, isOperator(caller) ? takeOfOperator(caller) : takeOfPlayer(caller));
    };

  /** By the networks of the client, since no token says who calls. */
  function limitNetworks(kinds: readonly ("address" | "registration")[], answer: Handle): Handle {
    const policiesOf = kinds.map((kind) => ({ kind, policies: toNetworkPolicies(kind, limits[kind]) }));
    return (incoming) => {
      const networks = limitedNetworks(incoming.client.address);
      const buckets = policiesOf.flatMap(({ kind, policies }) =>
        toBuckets(policies, networkBucketKeys(kind, networks)),
      );
      return answerLimited(answer, incoming, { facts: {}, limited: take(stores.home, buckets) });
    };
  }

  return ({ access, limits: names }, answer) => {
    if (typeof access === "object") return limitOperator(access, answer);
    if (names.includes("user")) return limitPlayer(answer);
    const kinds = names.filter((name) => name === "address" || name === "registration");
    return kinds.length > 0 ? limitNetworks(kinds, answer) : answer;
  };
}

interface Limited {
  facts: Facts;
  /** The rate limit headers; a promise is rejected with `rate_limited`. */
  limited: Record<string, string> | Promise<Record<string, string>>;
}

/**
 * The answer with its rate limit headers, which tell the client where it stands after a refusal,
 * too.
 */
export async function answerLimited(answer: Handle, incoming: Incoming, { facts, limited }: Limited): Promise<Reply> {
  let headers: Record<string, string> = {};
  let reply: Reply;
  try {
    headers = await limited;
    reply = await answer(incoming);
  } catch (error) {
    reply = toProblemReply(error, incoming);
  }
  return { ...reply, headers: { ...reply.headers, ...headers }, facts: { ...facts, ...reply.facts } };
}
