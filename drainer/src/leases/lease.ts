import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import holdSource from "./hold-lease.lua" with { type: "text" };
import releaseSource from "./release-lease.lua" with { type: "text" };

/**
 * Says which of several drainers works on a queue. It saves double work; no promise rests on it.
 */
export interface Lease {
  /**
   * Takes or keeps the lease. Asks Redis only when renewal is due.
   *
   * @returns false while another holder has it
   */
  hold(): Promise<boolean>;
  release(): Promise<void>;
  /** Whether it was held when it was last asked for, less than its TTL ago. Takes nothing. */
  isHeld(): boolean;
}

/** For a caller that needs no lease: two drains of one queue are safe. */
export const unshared: Lease = { hold: async () => true, release: async () => {}, isHeld: () => true };

/** A queue rests this long when its drainer dies. */
export const LEASE_TTL_MS = 2_000;
/** Age at which a held lease is renewed: well before it expires, but not with every batch. */
export const LEASE_RENEWAL_MS = 500;

const isDone = (reply: unknown) => reply === 1;
const holdLayout = defineLayout({ keys: ["lease"], args: { holder: "text", ttl: "number" } });
const holdScript = defineScript({ name: "hold-lease", source: holdSource, layout: holdLayout, parse: isDone });
const releaseLayout = defineLayout({ keys: ["lease"], args: { holder: "text" } });
const releaseScript = defineScript({
  name: "release-lease",
  source: releaseSource,
  layout: releaseLayout,
  parse: isDone,
});

const elapsedMs = performance.now.bind(performance);

/**
 * @param now milliseconds of a monotonic clock: a wall clock that is set back would delay the
 *   renewal
 */
export function createLease(redis: Redis, key: string, holder: string, now: () => number = elapsedMs): Lease {
  const keys = holdLayout.toKeys({ lease: key });
  let heldSinceMs = Number.NEGATIVE_INFINITY;
  return {
    async hold() {
      const nowMs = now();
      if (nowMs - heldSinceMs < LEASE_RENEWAL_MS) return true;
      const isHeld = await holdScript(redis, keys, holdLayout.toArgs({ holder, ttl: LEASE_TTL_MS }));
      heldSinceMs = isHeld ? nowMs : Number.NEGATIVE_INFINITY;
      return isHeld;
    },
    isHeld: () => now() - heldSinceMs < LEASE_TTL_MS,
    async release() {
      heldSinceMs = Number.NEGATIVE_INFINITY;
      await releaseScript(redis, keys, releaseLayout.toArgs({ holder }));
    },
  };
}
