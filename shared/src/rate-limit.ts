import giveBackSource from "./give-back.lua" with { type: "text" };
import { createLocalBuckets } from "./local-buckets.ts";
import { Problem } from "./problems.ts";
import { defineScript, type Redis } from "./redis.ts";
import { NotSent } from "./redis-cluster.ts";
import source from "./token-bucket.lua" with { type: "text" };
import { createTokenLeases } from "./token-leases.ts";

/** Tokens a second, and the most a bucket holds. */
export interface Limit {
  perSecond: number;
  burst: number;
}

export interface Bucket extends Limit {
  /** What is counted, as the client reads it. */
  policy: string;
  key: string;
  /** True for a bucket of many callers: its tokens are taken in slices of a hundredth, and spent without asking. */
  isShared?: boolean;
}

/** What a bucket or several said: the tokens were taken unless one of them denies. */
export interface Verdict {
  /** Whole tokens left, in the order of the buckets. */
  remaining: number[];
  denied?: Bucket;
  waitSeconds?: number;
}

export interface Limiter {
  /** Takes one token from each of the buckets, different ones which share a slot, or none. Never throws, never waits long. */
  take(redis: Redis, buckets: readonly Bucket[]): Promise<Verdict>;
  /** Gives one token back to each of the buckets, none of them beyond its burst. Never throws, never waits long. */
  giveBack(redis: Redis, buckets: readonly Bucket[]): Promise<void>;
}

// After a failure Redis is left alone this long: requests must not each wait for the same time-out.
const REST_AFTER_FAILURE_MS = 500;

const bucketScript = defineScript({ name: "token-bucket", source, parse: (reply) => reply as number[] });
const giveBackScript = defineScript({ name: "give-back", source: giveBackSource, parse: Number });

export interface LimiterOptions {
  /** Milliseconds of a clock that only grows. */
  now?: () => number;
  onFallback?: () => void;
}

/** Buckets in Redis, shared by all gateways; in this process, with the same numbers, while Redis does not answer. */
export function createLimiter({ now = performance.now.bind(performance), onFallback }: LimiterOptions = {}): Limiter {
  const local = createLocalBuckets();
  const leases = createTokenLeases();
  const restsUntilMs = new WeakMap<Redis, number>();

  /** What Redis says, or nothing while it does not answer. */
  async function ask<R>(redis: Redis, question: () => Promise<R>): Promise<R | undefined> {
    if ((restsUntilMs.get(redis) ?? 0) > now()) return undefined;
    try {
      return await question();
    } catch (error) {
      // A node of a cluster that is away costs no time, and the others go on counting.
      if (!(error instanceof NotSent)) restsUntilMs.set(redis, now() + REST_AFTER_FAILURE_MS);
      return undefined;
    }
  }

  return {
    async take(redis, buckets) {
      const spent = buckets.map((bucket) => leases.spend(bucket, now()));
      const asked = buckets.filter((_, index) => spent[index] === undefined);
      const remainingOf = new Map(buckets.map((bucket, index) => [bucket, spent[index] ?? 0]));
      if (asked.length === 0) return { remaining: [...remainingOf.values()] };
      const wanted = asked.map(leases.wanted);
      const args = asked.flatMap(({ perSecond, burst }, index) => [perSecond, burst, wanted[index] ?? 1]);
      const reply = await ask(redis, () => bucketScript(redis, keysOf(asked), args));
      const [denied = 0, waitUs = 0, ...counts] = reply ?? [];
      for (const [index, bucket] of asked.entries()) {
        const [remaining = 0, taken = 0] = counts.slice(2 * index, 2 * index + 2);
        remainingOf.set(bucket, remaining + Math.max(0, taken - 1));
        leases.store(bucket, wanted[index] ?? 1, taken, remaining, now());
      }
      if (reply === undefined || denied > 0) {
        for (const [index, bucket] of buckets.entries()) if (spent[index] !== undefined) leases.unspend(bucket);
      }
      if (reply === undefined) {
        onFallback?.();
        return local.take(buckets, now());
      }
      const remaining = [...remainingOf.values()];
      const deniedBucket = asked[denied - 1];
      return { remaining, ...(deniedBucket === undefined ? {} : { denied: deniedBucket, waitSeconds: waitUs / 1e6 }) };
    },

    async giveBack(redis, buckets) {
      const reply = await ask(redis, () => giveBackScript(redis, keysOf(buckets), []));
      if (reply === undefined) local.giveBack(buckets);
    },
  };
}

const keysOf = (buckets: readonly Bucket[]) => buckets.map(({ key }) => key);

/**
 * Tells the client where it stands, on allowed and denied requests alike (draft-ietf-httpapi-ratelimit-headers): a
 * policy is its burst over the seconds that fill it, and `t` the seconds until it is full again.
 *
 * @throws Problem `rate_limited`
 */
export function toRateLimitHeaders(buckets: readonly Bucket[], verdict: Verdict): Record<string, string> {
  const policies = buckets.map(
    ({ policy, burst, perSecond }) => `"${policy}";q=${burst};w=${Math.ceil(burst / perSecond)}`,
  );
  const states = buckets.map(({ policy, burst, perSecond }, i) => {
    const left = verdict.remaining[i] ?? 0;
    return `"${policy}";r=${left};t=${Math.ceil((burst - left) / perSecond)}`;
  });
  const headers = { "RateLimit-Policy": policies.join(", "), RateLimit: states.join(", ") };
  if (verdict.denied === undefined) return headers;
  throw new Problem("rate_limited", `Too many requests: the limit by ${verdict.denied.policy} is used up.`, {
    retryAfterSeconds: Math.max(1, Math.ceil(verdict.waitSeconds ?? 1)),
    headers,
  });
}
