import { Problem } from "../api/problems.ts";

/** Permits that a bucket gains a second, and the most that it holds. */
export interface Limit {
  perSecond: number;
  burst: number;
}

/** A limit with the name that clients read. All its buckets refer to the same object. */
export interface Policy extends Limit {
  name: string;
  /** Constant parts of the headers `RateLimit-Policy` and `RateLimit`. */
  headerParts: { policy: string; state: string };
}

/** The window that clients read (`w`) is the time that fills the bucket. */
export function toPolicy(name: string, { perSecond, burst }: Limit): Policy {
  const policy = `"${name}";q=${burst};w=${Math.ceil(burst / perSecond)}`;
  return { name, perSecond, burst, headerParts: { policy, state: `"${name}";r=` } };
}

/** Counts one caller, or all callers of a kind, against a policy. */
export interface Bucket {
  policy: Policy;
  /** In Redis, or in this process. */
  key: string;
}

/** The outcome of one request: its permits were taken, unless a bucket denied it. */
export interface LimitResult {
  /** Whole permits left, in the order of the buckets. */
  remaining: number[];
  /** Of several buckets that denied, the one with the longest wait. */
  denied?: Bucket;
  waitSeconds?: number;
}

/** One bucket for each key, under the policy at the same index. */
export function toBuckets(policies: readonly Policy[], keys: readonly string[]): Bucket[] {
  const buckets: Bucket[] = [];
  for (const [index, key] of keys.entries()) {
    const policy = policies[index];
    if (policy !== undefined) buckets.push({ policy, key });
  }
  return buckets;
}

/**
 * The `RateLimit-Policy` and `RateLimit` headers of allowed and denied requests
 * (draft-ietf-httpapi-ratelimit-headers). `r` is the permits left, `t` the seconds until the bucket
 * is full.
 *
 * @throws Problem `rate_limited` for a denied request, with the same headers
 */
export function toRateLimitHeaders(buckets: readonly Bucket[], { remaining, denied, waitSeconds = 1 }: LimitResult) {
  let policies = "";
  let states = "";
  let index = 0;
  for (const { policy } of buckets) {
    const left = remaining[index] ?? 0;
    const separator = index++ === 0 ? "" : ", ";
    policies += separator + policy.headerParts.policy;
    states += `${separator}${policy.headerParts.state}${left};t=${Math.ceil((policy.burst - left) / policy.perSecond)}`;
  }
  const headers = { "ratelimit-policy": policies, ratelimit: states };
  if (denied === undefined) return headers;
  throw new Problem("rate_limited", `Too many requests: the limit by ${denied.policy.name} is used up.`, {
    retryAfterSeconds: Math.max(1, Math.ceil(waitSeconds)),
    headers,
  });
}
