import { setTimeout as delay } from "node:timers/promises";
import type { Handle } from "shared/http/serve";
import { type LimitedNetworks, limitedNetworks, toNetworkPolicies } from "shared/limits/limited-network";
import { type Bucket, type LimitResult, toBuckets, toRateLimitHeaders } from "shared/limits/policies";
import { createSyncedBuckets } from "shared/limits/synced-buckets";
import { networkBucketKeys } from "shared/redis/keys";
import { answerLimited, type LimitDeps } from "./limits.ts";
import type { ReadCost } from "./read-permits.ts";

/** Puts the limit of reads before what answers one. */
export type LimitRead = (cost: ReadCost, answer: Handle) => Handle;

const TOLD_BELOW_SHARE = 0.5;
// A refusal costs the gateway as much as a rank. A client that asks again at once is slowed down to 20 a second for each
// of its connections, so that its refusals leave the gateway to others.
const REFUSAL_DELAY_MS = 50;

/** Limits reads by the networks of the client. It decides in this process, so that a read waits for no store. */
export function createReadLimit({
  limits,
  limiter,
  stores,
  onRateLimited,
}: Pick<LimitDeps, "limits" | "limiter" | "stores" | "onRateLimited">): LimitRead {
  const policies = toNetworkPolicies("read", limits.read);
  const synced = createSyncedBuckets({ limiter });
  const bucketsByNetworks = new WeakMap<LimitedNetworks, readonly Bucket[]>();

  function bucketsOf(address: string): readonly Bucket[] {
    const networks = limitedNetworks(address);
    const buckets = bucketsByNetworks.get(networks) ?? toBuckets(policies, networkBucketKeys("read", networks));
    bucketsByNetworks.set(networks, buckets);
    return buckets;
  }

  // Not async: an async wrapper costs one more promise for each read.
  return ({ permitsOf, isAlwaysTold }, answer) =>
    (incoming) => {
      const buckets = bucketsOf(incoming.client.address);
      const result = synced.take(stores.home, buckets, permitsOf(incoming.query));
      if (result.denied !== undefined) {
        onRateLimited(result.denied.policy.name);
        return refuseLater(buckets, result);
      }
      if (!isAlwaysTold && !isBelowShare(buckets, result)) return answer(incoming);
      return answerLimited(answer, incoming, { facts: {}, limited: toRateLimitHeaders(buckets, result) });
    };
}

/** @throws Problem `rate_limited` */
async function refuseLater(buckets: readonly Bucket[], result: LimitResult): Promise<never> {
  await delay(REFUSAL_DELAY_MS);
  toRateLimitHeaders(buckets, result);
  throw new Error("a denied read must be refused");
}

const isBelowShare = (buckets: readonly Bucket[], { remaining }: LimitResult) =>
  buckets.some(({ policy }, index) => (remaining[index] ?? 0) < policy.burst * TOLD_BELOW_SHARE);
