import { Problem } from "../api/problems.ts";
import type { Bucket, LimitResult } from "./policies.ts";

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
