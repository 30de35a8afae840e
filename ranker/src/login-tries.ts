import { loginBucketKey } from "shared/keys";
import { type Bucket, type Limit, toPolicy } from "shared/policies";
import { Problem } from "shared/problems";
import type { Limiter } from "shared/rate-limit";
import type { Redis } from "shared/redis";

/** How many networks together may use up a player's tries before nobody can log in as that player. */
const NETWORKS = 10;

/**
 * Runs a login as one of the tries that a player has, whether the player exists or not. The try is taken before, so that
 * many at once are no more than the limit, and comes back unless the credentials were wrong.
 *
 * @throws Problem `rate_limited` with the time after which there is a try again, or what `login` throws
 */
export type CountTry = <T>(userId: string, network: string, login: () => Promise<T>) => Promise<T>;

/**
 * Two buckets a player: one for each network that tries, so that a stranger who guesses cannot lock the player out
 * (ids are public, they stand on the board), and one of ten times the size for all networks together, so that many of
 * them guess slowly, too.
 */
export function createCountTry(redis: Redis, limiter: Limiter, { perSecond, burst }: Limit): CountTry {
  const byNetwork = toPolicy("login", { perSecond, burst });
  const ofAllNetworks = toPolicy("login", { perSecond: perSecond * NETWORKS, burst: burst * NETWORKS });
  const bucketsOf = (userId: string, network: string): Bucket[] => [
    { policy: byNetwork, key: loginBucketKey(userId, network) },
    { policy: ofAllNetworks, key: loginBucketKey(userId) },
  ];
  return async (userId, network, login) => {
    const buckets = bucketsOf(userId, network);
    const { denied, waitSeconds = 1 } = await limiter.take(redis, buckets);
    if (denied !== undefined) {
      const retryAfterSeconds = Math.max(1, Math.ceil(waitSeconds));
      throw new Problem("rate_limited", "Too many failed logins of this player. Try again later.", {
        retryAfterSeconds,
      });
    }
    let isFailedTry = false;
    try {
      return await login();
    } catch (error) {
      isFailedTry = error instanceof Problem && error.code === "bad_credentials";
      throw error;
    } finally {
      if (!isFailedTry) await limiter.giveBack(redis, buckets);
    }
  };
}
