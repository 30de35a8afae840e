import { Problem } from "shared/api/problems";
import { type LimitedNetworks, toNetworkPolicies } from "shared/limits/limited-network";
import { type Bucket, type Limit, toBuckets, toPolicy } from "shared/limits/policies";
import type { Limiter } from "shared/limits/rate-limit";
import { loginBucketKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { countAttempt } from "./count-attempt.ts";

/** So many networks together use up all tries of a player. */
const NETWORKS = 10;

/**
 * Runs a login as one of a player's tries, also where no such player exists. The try is taken
 * before the login, so that concurrent logins cannot exceed the limit, and given back unless the
 * credentials were wrong.
 *
 * @throws Problem `rate_limited` with the time until the next try, or what `login` throws
 */
export type CountTry = <T>(userId: string, networks: LimitedNetworks, login: () => Promise<T>) => Promise<T>;

/**
 * Counts failed logins in token buckets of the player. Each network has its own, so that a stranger
 * who guesses cannot lock the player out: ids are public. Wider networks share larger ones, a
 * household twice and a site four times the tries of an address. One of ten times the size covers
 * all networks, so that many networks guess slowly, too.
 */
export function createCountTry(redis: Redis, limiter: Limiter, { perSecond, burst }: Limit): CountTry {
  const byNetwork = toNetworkPolicies("login", { perSecond, burst });
  const ofAllNetworks = toPolicy("login", { perSecond: perSecond * NETWORKS, burst: burst * NETWORKS });
  const bucketsOf = (userId: string, networks: LimitedNetworks): Bucket[] => [
    ...toBuckets(
      byNetwork,
      networks.map((network) => loginBucketKey(userId, network)),
    ),
    { policy: ofAllNetworks, key: loginBucketKey(userId) },
  ];
  return (userId, networks, login) => {
    const buckets = bucketsOf(userId, networks);
    const refusal = "Too many failed logins of this player. Try again later.";
    return countAttempt({ redis, limiter, buckets, refusal, isSpent: isFailedTry }, login);
  };
}

const isFailedTry = (error: unknown) => error instanceof Problem && error.code === "bad_credentials";
