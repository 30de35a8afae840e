import slotOf from "cluster-key-slot";
import { type Ask, askTogether } from "../base/gather-turn.ts";
import { NotSent } from "../redis/cluster.ts";
import type { Redis } from "../redis/redis.ts";
import { isReply } from "../redis/reply-error.ts";
import { defineScript } from "../redis/scripts/define-script.ts";
import giveBackSource from "./give-back.lua" with { type: "text" };
import { createLocalBuckets } from "./local-buckets.ts";
import type { Bucket, LimitResult } from "./policies.ts";
import takeSource from "./token-bucket.lua" with { type: "text" };

/** What one bucket gave. */
export interface Debit {
  taken: number;
  /** Permits left, fractions included; rounded down to a whole one where some were taken. */
  left: number;
}

/** Methods never reject, and wait for Redis a bounded time. */
export interface Limiter {
  /** Takes one permit from each of the buckets, which share a slot, or from none. */
  take(redis: Redis, buckets: readonly Bucket[]): Promise<LimitResult>;
  /**
   * Takes up to `permits` from a bucket.
   *
   * @returns `undefined` while Redis does not answer
   */
  debit(redis: Redis, bucket: Bucket, permits: number): Promise<Debit | undefined>;
  /** Gives one permit back to each of the buckets, up to its burst. */
  giveBack(redis: Redis, buckets: readonly Bucket[]): Promise<void>;
}

export interface LimiterOptions {
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
  /** Called for each request that Redis could not decide. */
  onFallback?: () => void;
}

// A pause after a failure: otherwise each request would wait for the same timeout.
const REST_AFTER_FAILURE_MS = 500;
// Bounds how long one script call blocks Redis, at about 7 µs a request.
const REQUESTS_PER_CALL_MAX = 100;

const takeScript = defineScript({ name: "token-bucket", source: takeSource, parse: (reply) => reply as number[] });
const giveBackScript = defineScript({ name: "give-back", source: giveBackSource, parse: Number });

/** Buckets of one request: each gives its permits, or none of them does. */
interface PermitRequest {
  buckets: readonly Bucket[];
  /** Wanted of each bucket, 1 or more; a bucket that holds fewer gives all its whole permits. */
  permits: number;
}

/**
 * For each bucket of a request the whole permits that it held, or minus the microseconds until it
 * holds one. The request took its permits unless one of these is negative.
 */
type HeldPermits = readonly number[];

/**
 * Asks Redis, in one call for each slot and turn. Resolves with `undefined` while it does not
 * answer.
 */
type AskForPermits = Ask<number, PermitRequest, HeldPermits | undefined>;

/**
 * Token buckets in Redis, shared by all gateways. While Redis does not answer, the process counts
 * with the same limits in its own memory. Requests of one turn of the event loop share a call,
 * which costs several times what the buckets of a request do.
 */
export function createLimiter({ now = performance.now.bind(performance), onFallback }: LimiterOptions = {}): Limiter {
  const local = createLocalBuckets();
  const restsUntilMs = new WeakMap<Redis, number>();
  const askers = new WeakMap<Redis, AskForPermits>();

  /** @returns `undefined` while Redis does not answer */
  async function call<R>(redis: Redis, run: () => Promise<R>): Promise<R | undefined> {
    if ((restsUntilMs.get(redis) ?? 0) > now()) return undefined;
    try {
      return await run();
    } catch (error) {
      // A cluster node that is down costs no time, and the others keep counting.
      if (!(error instanceof NotSent)) restsUntilMs.set(redis, now() + REST_AFTER_FAILURE_MS);
      return undefined;
    }
  }

  function askerOf(redis: Redis): AskForPermits {
    const known = askers.get(redis);
    if (known !== undefined) return known;
    const ask: AskForPermits = askTogether({
      questionsMax: REQUESTS_PER_CALL_MAX,
      nameOf: Number,
      send: async (_slot: number, requests: readonly PermitRequest[]) =>
        (await call(redis, () => takePermits(redis, requests))) ?? requests.map(() => undefined),
    });
    askers.set(redis, ask);
    return ask;
  }

  function request(redis: Redis, buckets: readonly Bucket[], permits: number): Promise<HeldPermits | undefined> {
    // Only a cluster needs a call for each slot.
    const slot = redis.isCluster ? slotOf(buckets[0]?.key ?? "") : 0;
    return askerOf(redis)(slot, { buckets, permits });
  }

  return {
    async take(redis, buckets) {
      const held = await request(redis, buckets, 1);
      if (held !== undefined) return toLimitResult(buckets, held);
      onFallback?.();
      return local.take(buckets, now());
    },

    async debit(redis, bucket, permits) {
      const held = await request(redis, [bucket], permits);
      if (held !== undefined) return toDebit(bucket, permits, held[0] ?? 0);
      onFallback?.();
      return undefined;
    },

    async giveBack(redis, buckets) {
      const keys = buckets.map(({ key }) => key);
      const given = await call(redis, () => giveBackScript(redis, keys, []));
      if (given === undefined) local.giveBack(buckets);
    },
  };
}

function toLimitResult(buckets: readonly Bucket[], held: HeldPermits): LimitResult {
  const longestWaitUs = -Math.min(...held);
  const denied = longestWaitUs >= 0 ? buckets[held.indexOf(-longestWaitUs)] : undefined;
  if (denied === undefined) return { remaining: held.map((permits) => permits - 1) };
  return { remaining: held.map((permits) => Math.max(0, permits)), denied, waitSeconds: longestWaitUs / 1e6 };
}

/** @param held whole permits, or minus the microseconds until there is one */
function toDebit({ policy }: Bucket, permits: number, held: number): Debit {
  if (held <= 0) return { taken: 0, left: 1 + (held * policy.perSecond) / 1e6 };
  const taken = Math.min(permits, held);
  return { taken, left: held - taken };
}

/**
 * Takes permits for each request, in order, in one call of `token-bucket.lua`. All buckets share a
 * slot.
 *
 * @returns what each request found; `undefined` for a request that failed although others did not
 */
async function takePermits(redis: Redis, requests: readonly PermitRequest[]): Promise<(HeldPermits | undefined)[]> {
  try {
    return splitReply(requests, await takeScript(redis, keysOf(requests), argsOf(requests)));
  } catch (error) {
    if (requests.length === 1 || !isSlotMoving(error)) throw error;
    return await Promise.all(requests.map((request) => takeAlone(redis, request)));
  }
}

async function takeAlone(redis: Redis, request: PermitRequest): Promise<HeldPermits | undefined> {
  try {
    return (await takePermits(redis, [request]))[0];
  } catch (error) {
    if (isSlotMoving(error)) return undefined;
    throw error;
  }
}

/** The slot is moving: its keys are on two nodes, but those of one request usually on one. */
const isSlotMoving = (error: unknown) => isReply(error) && error.message.startsWith("TRYAGAIN");

function keysOf(requests: readonly PermitRequest[]): string[] {
  const keys: string[] = [];
  for (const { buckets } of requests) for (const { key } of buckets) keys.push(key);
  return keys;
}

function splitReply(requests: readonly PermitRequest[], held: readonly number[]): HeldPermits[] {
  let end = 0;
  return requests.map(({ buckets: { length } }) => {
    end += length;
    return held.slice(end - length, end);
  });
}

/** Sends the same limits of successive requests once: each argument costs both sides time. */
function argsOf(requests: readonly PermitRequest[]): number[] {
  const runs: { sample: PermitRequest; count: number }[] = [];
  for (const request of requests) {
    const run = runs.at(-1);
    if (run !== undefined && haveSameLimits(run.sample, request)) run.count++;
    else runs.push({ sample: request, count: 1 });
  }
  return runs.flatMap(({ sample: { buckets, permits }, count }) => [
    count,
    permits,
    buckets.length,
    ...limitsOf(buckets),
  ]);
}

const limitsOf = (buckets: readonly Bucket[]) => buckets.flatMap(({ policy }) => [policy.perSecond, policy.burst]);

const haveSameLimits = (one: PermitRequest, other: PermitRequest) =>
  one.permits === other.permits &&
  one.buckets.length === other.buckets.length &&
  one.buckets.every(({ policy }, index) => other.buckets[index]?.policy === policy);
