import type { Context } from "hono";
import giveBackSource from "./give-back.lua" with { type: "text" };
import { createLocalBuckets } from "./local-buckets.ts";
import { Problem } from "./problems.ts";
import { defineScript, type Redis } from "./redis.ts";
import { NotSent } from "./redis-cluster.ts";
import source from "./token-bucket.lua" with { type: "text" };

/** Tokens a second, and the most a bucket holds. */
export interface Limit {
  perSecond: number;
  burst: number;
}

export interface Bucket extends Limit {
  /** What is counted, as the client reads it. */
  policy: string;
  key: string;
}

/** What a bucket or several said: the tokens were taken unless one of them denies. */
export interface Verdict {
  /** Whole tokens left, in the order of the buckets. */
  remaining: number[];
  denied?: Bucket;
  waitSeconds?: number;
}

export interface Limiter {
  /** Takes one token from each of the buckets, which share a slot, or none. Never throws, never waits long. */
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
      const args = buckets.flatMap(({ perSecond, burst }) => [perSecond, burst]);
      const reply = await ask(redis, () => bucketScript(redis, keysOf(buckets), args));
      if (reply !== undefined) return toVerdict(reply, buckets);
      onFallback?.();
      return local.take(buckets, now());
    },

    async giveBack(redis, buckets) {
      const reply = await ask(redis, () => giveBackScript(redis, keysOf(buckets), []));
      if (reply === undefined) local.giveBack(buckets);
    },
  };
}

const keysOf = (buckets: readonly Bucket[]) => buckets.map(({ key }) => key);

function toVerdict([denied = 0, waitUs = 0, ...remaining]: number[], buckets: readonly Bucket[]): Verdict {
  const bucket = buckets[denied - 1];
  return { remaining, ...(bucket === undefined ? {} : { denied: bucket, waitSeconds: waitUs / 1e6 }) };
}

/**
 * Tells the client where it stands, on allowed and denied requests alike (draft-ietf-httpapi-ratelimit-headers): a
 * policy is its burst over the seconds that fill it, and `t` the seconds until it is full again.
 *
 * @throws Problem `rate_limited`
 */
export function applyVerdict(c: Context, buckets: readonly Bucket[], verdict: Verdict): void {
  const policies = buckets.map(
    ({ policy, burst, perSecond }) => `"${policy}";q=${burst};w=${Math.ceil(burst / perSecond)}`,
  );
  const states = buckets.map(({ policy, burst, perSecond }, i) => {
    const left = verdict.remaining[i] ?? 0;
    return `"${policy}";r=${left};t=${Math.ceil((burst - left) / perSecond)}`;
  });
  const headers = { "RateLimit-Policy": policies.join(", "), RateLimit: states.join(", ") };
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  if (verdict.denied === undefined) return;
  throw new Problem("rate_limited", `Too many requests: the limit by ${verdict.denied.policy} is used up.`, {
    retryAfterSeconds: Math.max(1, Math.ceil(verdict.waitSeconds ?? 1)),
    headers,
  });
}
