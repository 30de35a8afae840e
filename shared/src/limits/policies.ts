/** Tokens a second, and the most a bucket holds. */
export interface Limit {
  perSecond: number;
  burst: number;
}

/** A limit under the name that clients read. Made once: all buckets that it holds for refer to it. */
export interface Policy extends Limit {
  name: string;
  /** True where a bucket has many callers: its tokens are taken in slices of a hundredth, and spent without asking. */
  isShared: boolean;
  /** What never changes of what clients are told: the member of `RateLimit-Policy`, and how that of `RateLimit` begins. */
  told: { policy: string; stateBegins: string };
}

/** A policy is told as its burst over the seconds that fill it. */
export function toPolicy(name: string, { perSecond, burst }: Limit, { isShared = false } = {}): Policy {
  const policy = `"${name}";q=${burst};w=${Math.ceil(burst / perSecond)}`;
  return { name, perSecond, burst, isShared, told: { policy, stateBegins: `"${name}";r=` } };
}

/** What a policy holds for one caller, or for all of a kind. */
export interface Bucket {
  policy: Policy;
  key: string;
}

/** The buckets with these keys, each under the policy of its place. */
export function toBuckets(policies: readonly Policy[], keys: readonly string[]): Bucket[] {
  const buckets: Bucket[] = [];
  for (const [index, key] of keys.entries()) {
    const policy = policies[index];
    if (policy !== undefined) buckets.push({ policy, key });
  }
  return buckets;
}
