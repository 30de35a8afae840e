import { Problem } from "../api/problems.ts";
import type { Bucket } from "./policies.ts";
import type { Verdict } from "./rate-limit.ts";

/**
 * The headers that tell a client where it stands, on allowed and denied requests alike
 * (draft-ietf-httpapi-ratelimit-headers): the policies, and of each what is left, with `t` the seconds until it is full
 * again.
 *
 * @throws Problem `rate_limited`, which carries them as well
 */
export function toRateLimitHeaders(buckets: readonly Bucket[], { remaining, denied, waitSeconds = 1 }: Verdict) {
  let policies = "";
  let states = "";
  let index = 0;
  for (const { policy } of buckets) {
    const left = remaining[index] ?? 0;
    const separator = index++ === 0 ? "" : ", ";
    policies += separator + policy.told.policy;
    states += `${separator}${policy.told.stateBegins}${left};t=${Math.ceil((policy.burst - left) / policy.perSecond)}`;
  }
  const headers = { "ratelimit-policy": policies, ratelimit: states };
  if (denied === undefined) return headers;
  throw new Problem("rate_limited", `Too many requests: the limit by ${denied.policy.name} is used up.`, {
    retryAfterSeconds: Math.max(1, Math.ceil(waitSeconds)),
    headers,
  });
}
