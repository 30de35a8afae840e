import type { Redis } from "shared/redis/redis";
import { defineScript } from "shared/redis/scripts/define-script";
import holdSource from "./hold-lease.lua" with { type: "text" };
import releaseSource from "./release-lease.lua" with { type: "text" };

/** Says which of several drainers works on a queue. It saves double work; no promise rests on it. */
export interface Lease {
  /** True while this drainer is the one. Asks Redis only when the lease is due for renewal. */
  hold(): Promise<boolean>;
  release(): Promise<void>;
}

/** For who shares a queue with nobody, or does not care: two at work on one are safe. */
export const unshared: Lease = { hold: async () => true, release: async () => {} };

/** How long a queue rests when its drainer dies without a word. */
export const LEASE_TTL_MS = 2_000;
/** Age at which a held lease is prolonged: long before it ends, and not with every batch. */
export const LEASE_RENEWAL_MS = 500;

const holdScript = defineScript({ name: "hold-lease", source: holdSource, parse: (reply) => reply === 1 });
const releaseScript = defineScript({ name: "release-lease", source: releaseSource, parse: (reply) => reply === 1 });

const elapsedMs = performance.now.bind(performance);

/** @param now milliseconds of a clock that only grows: a wall clock that is set back would put off the renewal */
export function createLease(redis: Redis, key: string, holder: string, now: () => number = elapsedMs): Lease {
  let heldSinceMs = Number.NEGATIVE_INFINITY;
  return {
    async hold() {
      const nowMs = now();
      if (nowMs - heldSinceMs < LEASE_RENEWAL_MS) return true;
      const isHeld = await holdScript(redis, [key], [holder, LEASE_TTL_MS]);
      heldSinceMs = isHeld ? nowMs : Number.NEGATIVE_INFINITY;
      return isHeld;
    },
    async release() {
      heldSinceMs = Number.NEGATIVE_INFINITY;
      await releaseScript(redis, [key], [holder]);
    },
  };
}
