import { Problem } from "shared/api/problems";
import type { Bucket } from "shared/limits/policies";
import type { Limiter } from "shared/limits/rate-limit";
import type { Redis } from "shared/redis/redis";

export interface AttemptLimit {
  redis: Redis;
  limiter: Limiter;
  buckets: readonly Bucket[];
  /** What the caller is told where no permit is left. */
  refusal: string;
  /** Whether the permits stay taken, by what the work threw; undefined where it succeeded. */
  isSpent: (error: unknown) => boolean;
}

/**
 * Runs work as one attempt of a player. Its permits are taken before, so that concurrent attempts
 * cannot exceed the limit, and given back unless it is spent.
 *
 * @throws Problem `rate_limited` with the time until the next attempt, or what `work` throws
 */
export async function countAttempt<T>(limit: AttemptLimit, work: () => Promise<T>): Promise<T> {
  const { redis, limiter, buckets, refusal, isSpent } = limit;
  const { denied, waitSeconds = 1 } = await limiter.take(redis, buckets);
  if (denied !== undefined) {
    const retryAfterSeconds = Math.max(1, Math.ceil(waitSeconds));
    throw new Problem("rate_limited", refusal, { retryAfterSeconds });
  }
  let failure: unknown;
  try {
    return await work();
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    if (!isSpent(failure)) await limiter.giveBack(redis, buckets);
  }
}
