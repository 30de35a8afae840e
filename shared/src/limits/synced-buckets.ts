import { LRUCache } from "lru-cache";
import type { Redis } from "../redis/redis.ts";
import { createLocalBuckets, LOCAL_BUCKETS_MAX } from "./local-buckets.ts";
import type { Bucket, LimitResult } from "./policies.ts";
import type { Limiter } from "./rate-limit.ts";

/**
 * Token buckets that decide in this process at once, and settle with Redis in the background.
 *
 * Each process counts what it lets pass as a debt. Once the debt is 1 % of a bucket's burst, the
 * process takes as many permits from the bucket in Redis, and lowers its own level to what is left
 * there. What Redis cannot give stays owed and nothing passes until it is paid. So each process
 * lets at most 1 % of the burst pass beyond the limit, plus what arrives in one round trip. A
 * request never waits, and most requests cause no command.
 *
 * While Redis does not answer, each process continues with the same limits by itself.
 */
export interface SyncedBuckets {
  /**
   * Takes permits from each of the buckets, or from none.
   *
   * @param permits a whole number, 1 or more
   */
  take(redis: Redis, buckets: readonly Bucket[], permits: number): LimitResult;
}

export interface SyncedBucketsOptions {
  limiter: Pick<Limiter, "debit">;
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
  bucketsMax?: number;
}

const SETTLE_SHARE = 0.01;
// Bounds the commands for a client beyond its limit, and while Redis does not answer.
const SETTLE_INTERVAL_MS = 10;

interface Debt {
  /** Permits that passed here and were not taken from Redis yet. */
  permits: number;
  isSettling: boolean;
  settlesAtMs: number;
}

export function createSyncedBuckets({
  limiter,
  now = performance.now.bind(performance),
  bucketsMax = LOCAL_BUCKETS_MAX,
}: SyncedBucketsOptions): SyncedBuckets {
  const local = createLocalBuckets(bucketsMax);
  const debts = new LRUCache<string, Debt>({ max: bucketsMax });

  function debtOf(key: string): Debt {
    const known = debts.get(key);
    if (known !== undefined) return known;
    const none = { permits: 0, isSettling: false, settlesAtMs: 0 };
    debts.set(key, none);
    return none;
  }

  async function settle(redis: Redis, bucket: Bucket, debt: Debt): Promise<void> {
    const owed = Math.min(debt.permits, bucket.policy.burst);
    debt.isSettling = true;
    const debit = await limiter.debit(redis, bucket, owed);
    debt.isSettling = false;
    if (debit?.taken !== owed) debt.settlesAtMs = now() + SETTLE_INTERVAL_MS;
    // Forgiven while Redis does not answer: the next settlement would bill the whole outage.
    debt.permits -= debit?.taken ?? owed;
    if (debit !== undefined) local.lower(bucket, debit.left - debt.permits, now());
  }

  return {
    take(redis, buckets, permits) {
      const nowMs = now();
      const result = local.take(buckets, nowMs, permits);
      for (const bucket of buckets) {
        const { burst } = bucket.policy;
        const debt = debtOf(bucket.key);
        if (result.denied === undefined) debt.permits += Math.min(permits, burst);
        const isDue = debt.permits >= Math.max(1, burst * SETTLE_SHARE);
        if (isDue && !debt.isSettling && nowMs >= debt.settlesAtMs) void settle(redis, bucket, debt);
      }
      return result;
    },
  };
}
