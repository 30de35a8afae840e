import { LRUCache } from "lru-cache";
import type { Bucket, LimitResult } from "./policies.ts";

/** Some 10 MB. The least recently used bucket is evicted, and starts full again. */
export const LOCAL_BUCKETS_MAX = 50_000;

/** Token buckets in the memory of this process. `nowMs` is of a monotonic clock. */
export interface LocalBuckets {
  /**
   * Takes permits from each of the buckets, or from none. A bucket whose burst is smaller gives its
   * whole burst: it would deny the request for ever otherwise.
   */
  take(buckets: readonly Bucket[], nowMs: number, permits?: number): LimitResult;
  /** Gives one permit back to each of the buckets. */
  giveBack(buckets: readonly Bucket[]): void;
  /** Lowers a bucket to `permits` at most; a negative number is a debt. */
  lower(bucket: Bucket, permits: number, nowMs: number): void;
}

interface Level {
  burst: number;
  permits: number;
  atMs: number;
}

export function createLocalBuckets(bucketsMax = LOCAL_BUCKETS_MAX): LocalBuckets {
  const levels = new LRUCache<string, Level>({ max: bucketsMax });

  function levelAt({ key, policy: { perSecond, burst } }: Bucket, nowMs: number): Level {
    const known = levels.get(key);
    if (known === undefined) {
      const full = { burst, permits: burst, atMs: nowMs };
      levels.set(key, full);
      return full;
    }
    known.permits = Math.min(burst, known.permits + (Math.max(0, nowMs - known.atMs) * perSecond) / 1000);
    known.atMs = nowMs;
    return known;
  }

  return {
    take(buckets, nowMs, permits = 1) {
      const held: Level[] = [];
      let denied: Bucket | undefined;
      let waitSeconds = 0;
      for (const bucket of buckets) {
        const { burst, perSecond } = bucket.policy;
        const level = levelAt(bucket, nowMs);
        held.push(level);
        const bucketWaitSeconds = (Math.min(permits, burst) - level.permits) / perSecond;
        if (bucketWaitSeconds > waitSeconds) {
          denied = bucket;
          waitSeconds = bucketWaitSeconds;
        }
      }
      const remaining: number[] = [];
      for (const level of held) {
        if (denied === undefined) level.permits -= Math.min(permits, level.burst);
        remaining.push(Math.max(0, Math.floor(level.permits)));
      }
      return denied === undefined ? { remaining } : { remaining, denied, waitSeconds };
    },

    giveBack(buckets) {
      for (const { key } of buckets) {
        const level = levels.get(key);
        if (level !== undefined) level.permits++; // levelAt cuts off what exceeds the burst
      }
    },

    lower(bucket, permits, nowMs) {
      const level = levelAt(bucket, nowMs);
      level.permits = Math.min(level.permits, permits);
    },
  };
}
