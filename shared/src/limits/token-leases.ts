import { makeRoom } from "../base/make-room.ts";
import type { Bucket } from "./policies.ts";

/** Tokens of shared buckets that this process has taken and not spent yet. */
export interface TokenLeases {
  /** Spends one, where there is one. @returns whole tokens that the bucket is known to hold still, or nothing */
  spend(bucket: Bucket, nowMs: number): number | undefined;
  /** Takes back one that was spent in vain. */
  unspend(bucket: Bucket): void;
  /** How many to take at once: several for whoever asks first, one for those who ask before the answer has come. */
  wanted(bucket: Bucket): number;
  /** Tells what came of it. @param taken 0 when the bucket denied, or did not answer */
  store(bucket: Bucket, wanted: number, taken: number, remaining: number, nowMs: number): void;
}

// A hundredth of what a bucket holds: five gateways may together let pass a twentieth more than the limit, no more.
const SLICE_SHARE = 0.01;
// What was not spent by then is lost: whoever needs that few is far below the limit.
const LEASE_MS = 1_000;
const LEASES_MAX = 1_000;

interface Lease {
  tokens: number;
  remaining: number;
  endsAtMs: number;
  isAsking: boolean;
}

export function createTokenLeases(): TokenLeases {
  const leases = new Map<string, Lease>();

  function leaseOf(key: string): Lease {
    const known = leases.get(key);
    if (known !== undefined) return known;
    makeRoom(leases, LEASES_MAX);
    const lease = { tokens: 0, remaining: 0, endsAtMs: 0, isAsking: false };
    leases.set(key, lease);
    return lease;
  }

  return {
    spend({ key, policy }, nowMs) {
      const lease = policy.isShared ? leases.get(key) : undefined;
      if (lease === undefined || lease.tokens < 1 || nowMs >= lease.endsAtMs) return undefined;
      lease.tokens--;
      return lease.remaining + lease.tokens;
    },

    unspend({ key }) {
      const lease = leases.get(key);
      if (lease !== undefined) lease.tokens++;
    },

    wanted({ key, policy }) {
      const slice = policy.isShared ? Math.floor(policy.burst * SLICE_SHARE) : 1;
      if (slice <= 1) return 1;
      const lease = leaseOf(key);
      if (lease.isAsking) return 1;
      lease.isAsking = true;
      return slice;
    },

    store({ key }, wanted, taken, remaining, nowMs) {
      if (wanted === 1) return;
      const lease = leaseOf(key);
      lease.isAsking = false;
      if (taken > 0) Object.assign(lease, { tokens: taken - 1, remaining, endsAtMs: nowMs + LEASE_MS });
    },
  };
}
