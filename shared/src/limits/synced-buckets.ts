import { makeRoom } from "../base/make-room.ts";
import type { Redis } from "../redis/redis.ts";
import type { Bucket } from "./policies.ts";
import type { Limiter, Verdict } from "./rate-limit.ts";

/**
 * Token buckets that are decided on in this process, at once, and settled with Redis in the background.
 *
 * Each process counts by itself what it lets pass. Once that is a hundredth of a bucket's burst, the process takes as
 * much from the bucket in Redis, and lowers its own level to what is left there. What Redis could not give stays owed:
 * nothing more passes before it is paid. N processes together let pass at most 1 % of the burst each beyond the limit,
 * and what arrives in one round trip. A request waits for nothing and most cause no command.
 *
 * While Redis does not answer, each process goes on with the same numbers by itself.
 */
export interface SyncedBuckets {
  /** Takes permits from each of the buckets, or from none. @param permits 1 or more, a whole number */
  take(redis: Redis, buckets: readonly Bucket[], permits: number): Verdict;
}

export interface SyncedBucketsOptions {
  limiter: Pick<Limiter, "debit">;
  /** Milliseconds of a clock that only grows. */
  now?: () => number;
  bucketsMax?: number;
}

const SLICE_SHARE = 0.01;
// A client that goes on beyond its limit, or while Redis does not answer, causes a command no more often than this.
const SETTLE_INTERVAL_MS = 10;
// Some 10 MB; the bucket that was used longest ago makes room, and begins full again.
const BUCKETS_MAX = 50_000;

interface State {
  level: number;
  atMs: number;
  /** Permits that passed here and were not taken from Redis yet. */
  owed: number;
  isSettling: boolean;
  settlesAtMs: number;
}

export function createSyncedBuckets({
  limiter,
  now = performance.now.bind(performance),
  bucketsMax = BUCKETS_MAX,
}: SyncedBucketsOptions): SyncedBuckets {
  const states = new Map<string, State>();

  function stateOf({ key, policy }: Bucket, nowMs: number): State {
    const known = states.get(key);
    const state = known ?? { level: policy.burst, atMs: nowMs, owed: 0, isSettling: false, settlesAtMs: 0 };
    if (known === undefined) makeRoom(states, bucketsMax);
    else states.delete(key);
    states.set(key, state);
    refill(state, policy, nowMs);
    return state;
  }

  async function settle(redis: Redis, bucket: Bucket, state: State): Promise<void> {
    const wanted = Math.min(state.owed, bucket.policy.burst);
    state.isSettling = true;
    const debited = await limiter.debit(redis, bucket, wanted);
    state.isSettling = false;
    const nowMs = now();
    if (debited?.taken !== wanted) state.settlesAtMs = nowMs + SETTLE_INTERVAL_MS;
    // Forgiven where Redis does not answer: it would be a debt of the whole time when Redis is back.
    state.owed -= debited?.taken ?? wanted;
    refill(state, bucket.policy, nowMs);
    if (debited !== undefined) state.level = Math.min(state.level, debited.left - state.owed);
  }

  return {
    take(redis, buckets, permits) {
      const nowMs = now();
      const remaining: number[] = [];
      const taken: { bucket: Bucket; state: State; wanted: number }[] = [];
      let denied: Bucket | undefined;
      let waitSeconds = 0;
      for (const bucket of buckets) {
        const { burst, perSecond } = bucket.policy;
        const state = stateOf(bucket, nowMs);
        // A bucket that holds less than a request costs would refuse it for ever.
        const wanted = Math.min(permits, burst);
        const bucketWaitSeconds = (wanted - state.level) / perSecond;
        if (bucketWaitSeconds > waitSeconds) {
          denied = bucket;
          waitSeconds = bucketWaitSeconds;
        }
        taken.push({ bucket, state, wanted });
      }
      for (const { bucket, state, wanted } of taken) {
        if (denied === undefined) {
          state.level -= wanted;
          state.owed += wanted;
        }
        remaining.push(Math.max(0, Math.floor(state.level)));
        const isDue = state.owed >= Math.max(1, bucket.policy.burst * SLICE_SHARE);
        if (isDue && !state.isSettling && nowMs >= state.settlesAtMs) void settle(redis, bucket, state);
      }
      return denied === undefined ? { remaining } : { remaining, denied, waitSeconds };
    },
  };
}

function refill(state: State, { perSecond, burst }: Bucket["policy"], nowMs: number): void {
  state.level = Math.min(burst, state.level + (Math.max(0, nowMs - state.atMs) * perSecond) / 1000);
  state.atMs = nowMs;
}
