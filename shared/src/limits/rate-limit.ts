import slotOf from "cluster-key-slot";
import { gatherTurn } from "../base/gather-turn.ts";
import { NotSent } from "../redis/cluster.ts";
import { defineScript, type Redis } from "../redis/redis.ts";
import { type BucketGroup, type Held, takeFromGroups, type Wanted } from "./bucket-groups.ts";
import giveBackSource from "./give-back.lua" with { type: "text" };
import { createLocalBuckets } from "./local-buckets.ts";
import type { Bucket } from "./policies.ts";
import { createTokenLeases } from "./token-leases.ts";

/** What a bucket or several said: the tokens were taken unless one of them denies. */
export interface Verdict {
  /** Whole tokens left, in the order of the buckets. */
  remaining: number[];
  denied?: Bucket;
  waitSeconds?: number;
}

/** What a bucket gave. */
export interface Debited {
  taken: number;
  /** Tokens that are left, between whole ones; exact to one token where some were taken. */
  left: number;
}

export interface Limiter {
  /** Takes a token from each of the buckets, different ones which share a slot, or none. Never throws, never waits long. */
  take(redis: Redis, buckets: readonly Bucket[]): Promise<Verdict>;
  /**
   * Takes as many tokens as there are, up to so many. Never throws, never waits long.
   *
   * @returns nothing where Redis does not answer
   */
  debit(redis: Redis, bucket: Bucket, tokens: number): Promise<Debited | undefined>;
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

/** A group of buckets that is asked. */
interface Asking {
  group: BucketGroup;
  /** Called with nothing where Redis did not answer. */
  resolve(held: Held | undefined): void;
}

/** A request whose buckets are asked. */
interface Take {
  buckets: readonly Bucket[];
  /** For each bucket what it is known to hold still, where a token of it was in hand; the others are asked. */
  inHand: readonly (number | undefined)[];
  asked: BucketGroup;
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
  const gatherers = new WeakMap<Redis, (slot: number, asking: Asking) => void>();

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

  async function askTogether(redis: Redis, askings: readonly Asking[]): Promise<void> {
    const groups = askings.map(({ group }) => group);
    const held = await ask(redis, () => takeFromGroups(redis, groups));
    for (const [index, { resolve }] of askings.entries()) resolve(held?.[index]);
  }

  function gathererOf(redis: Redis) {
    const known = gatherers.get(redis);
    if (known !== undefined) return known;
    const gather = gatherTurn<number, Asking>({ itemsMax: TAKES_MAX }, (askings) => void askTogether(redis, askings));
    gatherers.set(redis, gather);
    return gather;
  }

  function askGathered(redis: Redis, group: BucketGroup, resolve: Asking["resolve"]): void {
    const key = group[0]?.bucket.key ?? "";
    // Only a cluster keeps keys apart.
    gathererOf(redis)(redis.isCluster ? slotOf(key) : 0, { group, resolve });
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
      if (asked.length === 0) return Promise.resolve({ remaining: inHand.map((known = 0) => known) });
      return new Promise((resolve) => {
        askGathered(redis, asked, (held) => resolve(conclude({ buckets, inHand, asked }, held, now())));
      });
    },

    debit(redis, bucket, tokens) {
      return new Promise((resolve) => {
        askGathered(redis, [{ bucket, wanted: tokens }], (held) => {
          if (held === undefined) onFallback?.();
          resolve(toDebited(held?.[0], bucket, tokens));
        });
      });
    },

    async giveBack(redis, buckets) {
      const keys = buckets.map(({ key }) => key);
      const reply = await ask(redis, () => giveBackScript(redis, keys, []));
      if (reply === undefined) local.giveBack(buckets);
    },
  };
}

/** @param held whole tokens, or minus the microseconds until there is one */
function toDebited(held: number | undefined, { policy }: Bucket, tokens: number): Debited | undefined {
  if (held === undefined) return undefined;
  if (held <= 0) return { taken: 0, left: 1 + (held * policy.perSecond) / 1e6 };
  const taken = Math.min(tokens, held);
  return { taken, left: held - taken };
}
