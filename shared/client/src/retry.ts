import type { LeaderboardError } from "./errors.ts";

export interface RetryOptions {
  /** Requests for one call, including the first; 1 turns retries off. Default 5. */
  attemptsMax?: number | undefined;
  /** No retry is sent later than this after the first request. Default 30,000 ms. */
  totalMsMax?: number | undefined;
}

export const ATTEMPTS_MAX = 5;
export const TOTAL_MS_MAX = 30_000;

const BACKOFF_MS = 200;
const BACKOFF_MS_MAX = 5_000;
// A share of `Retry-After`: clients that were refused together do not come back together.
const JITTER = 0.25;

// The server changed nothing, so any request may be sent again. `too_many_streams` is not here
// because only reads have it, and `subscribe` (live.ts) opens streams again by itself.
const NOT_APPLIED = new Set([
  "rate_limited",
  "queue_full",
  "unavailable",
  "no_upstream",
  "stale_definition",
  "season_unknown",
  "season_not_ended",
]);
// From this server or a proxy before it. The outcome of the request is unknown.
const MAY_PASS = new Set([429, 502, 503, 504]);

/**
 * Whether a failed call may be sent again. A call that may have been applied is repeated only if a
 * repeat changes nothing.
 *
 * @param isRepeatable true for a read, and for a write under an idempotency key
 */
export function mayRetry({ code, status }: LeaderboardError, { isRepeatable }: { isRepeatable: boolean }): boolean {
  if (NOT_APPLIED.has(code)) return true;
  return isRepeatable && (code === "no_answer" || code === "outcome_unknown" || MAY_PASS.has(status));
}

/**
 * Milliseconds until the next attempt: `Retry-After` plus jitter, or else a backoff with jitter.
 *
 * @param attempt the number of the failed attempt, from 1
 * @param random in [0, 1)
 */
export function waitMsBefore(attempt: number, retryAfterSeconds: number | undefined, random = Math.random()): number {
  if (retryAfterSeconds !== undefined) return Math.ceil(retryAfterSeconds * 1000 * (1 + JITTER * random));
  return Math.ceil(Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** (attempt - 1)) * (0.5 + random / 2));
}

/** Resolves after `ms`. @throws the reason of the signal when it is aborted */
export function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}
