import { type Revocations, revocationsUnknown } from "../auth/tokens.ts";
import type { Log } from "../log/log.ts";
import { isForgotten, type RevokedTokens } from "./revoked-tokens.ts";

// Two reads fit into the second within which a revoked token has to be refused.
const READ_EVERY_MS = 400;

export interface RevocationWatchOptions {
  /** Reads the revoked tokens. */
  read: () => Promise<RevokedTokens>;
  log: Log;
  intervalMs?: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

export interface RevocationWatch extends Revocations {
  /** Resolves after the first read, successful or not. */
  firstRead: Promise<void>;
  close(): void;
}

/**
 * Reads the revoked tokens again and again, so that a token is refused within a second, also where
 * it has been verified before.
 *
 * While the store does not answer, what was read last counts. A token stays revoked until it has
 * expired, also where the store lost that and is being restored.
 */
export function watchRevocations(options: RevocationWatchOptions): RevocationWatch {
  const { read, log, intervalMs = READ_EVERY_MS, now = Date.now } = options;
  const revoked = new Map<string, number>();
  let isKnown = false;
  let isFailing = false;
  let isClosed = false;
  let timer: Timer | undefined;

  async function look(): Promise<void> {
    try {
      for (const [tokenId, expires] of await read()) revoked.set(tokenId, expires);
      for (const [tokenId, expires] of revoked) if (isForgotten(expires, now())) revoked.delete(tokenId);
      isKnown = true;
      isFailing = false;
    } catch (err) {
      if (!isFailing && !isClosed) log.warn({ err, is_known: isKnown }, "revoked tokens could not be read");
      isFailing = true;
    }
    if (!isClosed) timer = setTimeout(() => void look(), intervalMs);
  }

  return {
    firstRead: look(),
    has(tokenId) {
      if (isKnown) return revoked.has(tokenId);
      throw revocationsUnknown();
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
