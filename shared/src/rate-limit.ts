import slotOf from "cluster-key-slot";
import { type BucketGroup, type Held, takeFromGroups, type Wanted } from "./bucket-groups.ts";
import { gatherTurn } from "./gather-turn.ts";
import giveBackSource from "./give-back.lua" with { type: "text" };
import { createLocalBuckets } from "./local-buckets.ts";
import type { Bucket } from "./policies.ts";
import { defineScript, type Redis } from "./redis.ts";
import { NotSent } from "./redis-cluster.ts";
import { createTokenLeases } from "./token-leases.ts";

/** What a bucket or several said: the tokens were taken unless one of them denies. */
export interface Verdict {
  /** Whole tokens left, in the order of the buckets. */
  remaining: number[];
  denied?: Bucket;
  waitSeconds?: number;
}

export interface Limiter {
  /** Takes a token from each of the buckets, different ones which share a slot, or none. Never throws, never waits long. */
  take(redis: Redis, buckets: readonly Bucket[]): Promise<Verdict>;
  /** Gives one token back to each of the buckets, none of them beyond its burst. Never throws, never waits long. */
  giveBack(redis: Redis, buckets: readonly Bucket[]): Promise<void>;
}

// After a failure Redis is left alone this long: requests must not each wait for the same time-out.
const REST_AFTER_FAILURE_MS = 500;
// Redis does nothing else meanwhile: some 7 µs each.
const TAKES_MAX = 100;

const giveBackScript = defineScript({ name: "give-back", source: giveBackSource, parse: Number });

export interface LimiterOptions {
  /** Milliseconds of a clock that only grows. */
  now?: () => number;
  onFallback?: () => void;
}

/** A request whose buckets are asked. */
interface Take {
  buckets: readonly Bucket[];
  /** For each bucket what it is known to hold still, where a token of it was in hand; the others are asked. */
  inHand: readonly (number | undefined)[];
  asked: BucketGroup;
  resolve(verdict: Verdict): void;
}

/**
 * Buckets in Redis, shared by all gateways; in this process, with the same numbers, while Redis does not answer. What is
 * taken within one turn of the event loop is asked of Redis together: a command of its own would cost either side several
 * times what the buckets of a request do.
 */
export function createLimiter({ now = performance.now.bind(performance), onFallback }: LimiterOptions = {}): Limiter {
  const local = createLocalBuckets();
  const leases = createTokenLeases();
  const restsUntilMs = new WeakMap<Redis, number>();
  const gatherers = new WeakMap<Redis, (slot: number, take: Take) => void>();

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

  async function askTogether(redis: Redis, takes: readonly Take[]): Promise<void> {
    const groups = takes.map(({ asked }) => asked);
    const held = await ask(redis, () => takeFromGroups(redis, groups));
    const nowMs = now();
    for (const [index, take] of takes.entries()) take.resolve(conclude(take, held?.[index], nowMs));
  }

  function gathererOf(redis: Redis) {
    const known = gatherers.get(redis);
    if (known !== undefined) return known;
    const gather = gatherTurn<number, Take>({ itemsMax: TAKES_MAX }, (takes) => void askTogether(redis, takes));
    gatherers.set(redis, gather);
    return gather;
  }

  /** @param held nothing where Redis did not answer */
  function conclude({ buckets, inHand, asked }: Take, held: Held | undefined, nowMs: number): Verdict {
    const isTaken = held?.every((tokens) => tokens > 0) ?? false;
    const remaining: number[] = [];
    let index = 0;
    let next = 0;
    for (const bucket of buckets) {
      const known = inHand[index++];
      if (known !== undefined) {
        if (!isTaken) leases.unspend(bucket);
        remaining.push(known);
        continue;
      }
      const { wanted = 1 } = asked[next] ?? {};
      const tokens = Math.max(0, held?.[next++] ?? 0);
      const taken = isTaken ? Math.min(wanted, tokens) : 0;
      leases.store(bucket, wanted, taken, tokens - taken, nowMs);
      remaining.push(isTaken ? tokens - 1 : tokens);
    }
    if (isTaken) return { remaining };
    const longestWaitUs = held === undefined ? 0 : -Math.min(...held);
    const denied = asked[held?.indexOf(-longestWaitUs) ?? -1]?.bucket;
    if (denied !== undefined) return { remaining, denied, waitSeconds: longestWaitUs / 1e6 };
    onFallback?.();
    return local.take(buckets, nowMs);
  }

  return {
    take(redis, buckets) {
      const nowMs = now();
      const inHand: (number | undefined)[] = [];
      const asked: Wanted[] = [];
      for (const bucket of buckets) {
        const known = leases.spend(bucket, nowMs);
        inHand.push(known);
        if (known === undefined) asked.push({ bucket, wanted: leases.wanted(bucket) });
      }
      const [first] = asked;
      if (first === undefined) return Promise.resolve({ remaining: inHand.map((known = 0) => known) });
      // Only a cluster keeps keys apart.
      const slot = redis.isCluster ? slotOf(first.bucket.key) : 0;
      return new Promise((resolve) => gathererOf(redis)(slot, { buckets, inHand, asked, resolve }));
    },

    async giveBack(redis, buckets) {
      const keys = buckets.map(({ key }) => key);
      const reply = await ask(redis, () => giveBackScript(redis, keys, []));
      if (reply === undefined) local.giveBack(buckets);
    },
  };
}
