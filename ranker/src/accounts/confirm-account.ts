import { accountGone, invalidToken, Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import { makeRoom } from "shared/base/make-room";
import type { Redis } from "shared/redis/redis";
import { readAccount } from "./read-account.ts";

/**
 * Sees that the account a token was issued for is still the player's: not removed, not registered anew by somebody
 * else, not moved to another region. And that a player of the identity provider acts for nobody who has an account here.
 *
 * @throws Problem `invalid_token`; `unavailable` for a player of the provider whom the store was never asked about
 */
export type ConfirmAccount = (identity: Identity) => Promise<void>;

// Within this time a removed account may still write; for as long an active player costs no look-up.
const CONFIRMED_MS = 1_000;
const CONFIRMED_MAX = 20_000;
// Part of the second that a client waits: the write itself has to follow.
const ANSWER_WITHIN_MS = 200;
// After a failure the store is left alone this long: writes must not each wait for it.
const REST_AFTER_FAILURE_MS = 500;

/** What let a write pass: a yes that is remembered, the store, or, while that is away, the token alone. */
export type ConfirmedBy = "memory" | "store" | "token";

type Answer = "confirmed" | "gone" | "taken" | "unknown";

/**
 * Asks the store of accounts, and remembers a yes for a second. While that store does not answer, the verified token
 * alone decides: a region goes on when another's store is away, and the token was good when it was issued.
 *
 * @param now milliseconds of a clock that only grows
 */
export function createConfirmAccount(
  home: Redis,
  now = performance.now.bind(performance),
  onConfirm?: (by: ConfirmedBy) => void,
): ConfirmAccount {
  const confirmedUntilMs = new Map<string, number>();
  const asked = new Map<string, Promise<Answer>>();
  let restsUntilMs = Number.NEGATIVE_INFINITY;

  async function ask(identity: Identity): Promise<Answer> {
    try {
      // A store that was emptied throws: what it does not know of may be in PostgreSQL.
      const { created_at: createdAt, region } = await within(ANSWER_WITHIN_MS, readAccount(home, identity.userId));
      if (identity.isExternal) return createdAt === undefined && region === undefined ? "confirmed" : "taken";
      return createdAt === identity.account && region === identity.region ? "confirmed" : "gone";
    } catch {
      restsUntilMs = now() + REST_AFTER_FAILURE_MS;
      return "unknown";
    }
  }

  /** One question for all who ask the same at the same time. */
  function askOnce(key: string, identity: Identity): Promise<Answer> {
    const answer = asked.get(key) ?? ask(identity).finally(() => asked.delete(key));
    asked.set(key, answer);
    return answer;
  }

  function remember(key: string): void {
    confirmedUntilMs.delete(key);
    makeRoom(confirmedUntilMs, CONFIRMED_MAX);
    confirmedUntilMs.set(key, now() + CONFIRMED_MS);
  }

  return async (identity) => {
    const { userId, region, account, isExternal = false } = identity;
    const key = `${userId} ${region} ${isExternal ? "external" : account}`;
    if ((confirmedUntilMs.get(key) ?? Number.NEGATIVE_INFINITY) > now()) return onConfirm?.("memory");
    const answer = restsUntilMs > now() ? "unknown" : await askOnce(key, identity);
    if (answer === "gone" || answer === "taken") confirmedUntilMs.delete(key);
    if (answer === "gone") throw accountGone();
    if (answer === "taken") throw invalidToken(`The user_id ${userId} belongs to a player who registered here.`);
    if (answer === "confirmed") remember(key);
    // Nobody registers where a provider's players come in, so that what was true of an id stays true.
    if (answer === "unknown" && isExternal && !confirmedUntilMs.has(key)) {
      throw new Problem("unavailable", "The store of accounts does not answer. Nothing was changed; try again.");
    }
    onConfirm?.(answer === "confirmed" ? "store" : "token");
  };
}

/** @throws Error when the work takes longer */
async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const refuse = () => reject(new Error(`no answer within ${timeoutMs} ms`));
    // An answer that is there already counts, when it was this process that had no time.
    timer = setTimeout(() => setImmediate(refuse), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
