import { LRUCache } from "lru-cache";
import { accountGone, invalidToken, Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import { ACCOUNT_CHECK_MS } from "shared/base/deadlines";
import { within } from "shared/base/within";
import type { Redis } from "shared/redis/redis";
import { isAccountOf, readAccount } from "./read-account.ts";

/**
 * Checks that the account a token was issued for is still the player's: not removed, not registered
 * again by another player, not moved to another region, its password not changed since. For a
 * player of the identity provider, checks that no account here has the id.
 *
 * @throws Problem `invalid_token`; `unavailable` for a player of the provider whom the store never
 *   confirmed
 */
export type ConfirmAccount = (identity: Identity) => Promise<void>;

// A removed account may still write within this time. An active player costs one look-up in the
// same time.
const CONFIRMED_MS = 1_000;
const CONFIRMED_MAX = 20_000;
// After a failure the store is left alone for this long, so that not every write waits for it.
const REST_AFTER_FAILURE_MS = 500;

/** What let a write pass: a remembered confirmation, the store, or the token alone. */
export type ConfirmedBy = "memory" | "store" | "token";

/**
 * What the store says of a token's account. `taken`: a player's id at the provider is taken here.
 */
type AccountState = "confirmed" | "gone" | "taken" | "unknown";

export interface ConfirmAccountOptions {
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
  onConfirm?: (by: ConfirmedBy) => void;
}

/**
 * Asks the store of accounts, and remembers a confirmation for a second. While the store does not
 * answer, the verified token alone decides, so that a region whose own store is up goes on.
 */
export function createConfirmAccount(
  home: Redis,
  { now = performance.now.bind(performance), onConfirm }: ConfirmAccountOptions = {},
): ConfirmAccount {
  const confirmedUntilMs = new LRUCache<string, number>({ max: CONFIRMED_MAX });
  const lookups = new Map<string, Promise<AccountState>>();
  let restsUntilMs = Number.NEGATIVE_INFINITY;

  async function lookUp(identity: Identity): Promise<AccountState> {
    try {
      // An emptied store throws here: an account that it does not know may be in PostgreSQL.
      const account = await within(ACCOUNT_CHECK_MS, readAccount(home, identity.userId));
      if (!identity.isExternal) return isAccountOf(identity, account) ? "confirmed" : "gone";
      return account.created_at === undefined && account.region === undefined ? "confirmed" : "taken";
    } catch {
      restsUntilMs = now() + REST_AFTER_FAILURE_MS;
      return "unknown";
    }
  }

  /** Shares one look-up among the writes that need the same one at the same time. */
  function lookUpOnce(key: string, identity: Identity): Promise<AccountState> {
    const lookup = lookups.get(key) ?? lookUp(identity).finally(() => lookups.delete(key));
    lookups.set(key, lookup);
    return lookup;
  }

  return async (identity) => {
    const { userId, region, account, passwordAt, isExternal = false } = identity;
    const key = `${userId} ${region} ${isExternal ? "external" : `${account} ${passwordAt}`}`;
    if ((confirmedUntilMs.get(key) ?? Number.NEGATIVE_INFINITY) > now()) return onConfirm?.("memory");
    const state = restsUntilMs > now() ? "unknown" : await lookUpOnce(key, identity);
    if (state === "gone" || state === "taken") confirmedUntilMs.delete(key);
    if (state === "gone") throw accountGone();
    if (state === "taken") throw invalidToken(`The user_id ${userId} belongs to a player who registered here.`);
    if (state === "confirmed") confirmedUntilMs.set(key, now() + CONFIRMED_MS);
    // With an identity provider registration is closed, so an id that was free once stays free.
    if (state === "unknown" && isExternal && !confirmedUntilMs.has(key)) {
      throw new Problem("unavailable", "The store of accounts does not answer. Nothing was changed; try again.");
    }
    onConfirm?.(state === "confirmed" ? "store" : "token");
  };
}
