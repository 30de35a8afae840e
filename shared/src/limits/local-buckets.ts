import { makeRoom } from "../base/make-room.ts";
import type { Bucket } from "./policies.ts";
import type { Verdict } from "./rate-limit.ts";

// 50,000 buckets are some 10 MB; the one that was used longest ago makes room, and begins full again.
const BUCKETS_MAX = 50_000;

/** The same buckets inside this process, for when Redis does not answer. */
export interface LocalBuckets {
  /** Takes one token from each, or none. @param nowMs any clock that only grows */
  take(buckets: readonly Bucket[], nowMs: number): Verdict;
  /** Gives one token back to each. */
  giveBack(buckets: readonly Bucket[]): void;
}

export function createLocalBuckets(bucketsMax = BUCKETS_MAX): LocalBuckets {
  const stored = new Map<string, { level: number; atMs: number }>();

  function levelOf({ key, policy: { perSecond, burst } }: Bucket, nowMs: number): number {
    const bucket = stored.get(key);
    if (bucket === undefined) return burst;
    return Math.min(burst, bucket.level + (Math.max(0, nowMs - bucket.atMs) * perSecond) / 1000);
  }

  function store(key: string, level: number, atMs: number): void {
    stored.delete(key);
    makeRoom(stored, bucketsMax);
    stored.set(key, { level, atMs });
  }

  return {
    giveBack(buckets) {
      for (const { key } of buckets) {
        const bucket = stored.get(key);
        if (bucket !== undefined) bucket.level++; // never beyond the burst: levelOf cuts off what is more
      }
    },

    take(buckets, nowMs) {
      const levels = buckets.map((bucket) => levelOf(bucket, nowMs));
      const waits = buckets.map(({ policy }, i) => Math.max(0, (1 - (levels[i] ?? 0)) / policy.perSecond));
      const waitSeconds = Math.max(...waits);
      const denied = waitSeconds > 0 ? buckets[waits.indexOf(waitSeconds)] : undefined;
      const taken = denied === undefined ? 1 : 0;
      if (taken === 1) buckets.forEach(({ key }, i) => void store(key, (levels[i] ?? 0) - 1, nowMs));
      const remaining = levels.map((level) => Math.floor(level - taken));
      return { remaining, ...(denied === undefined ? {} : { denied, waitSeconds }) };
    },
  };
}
