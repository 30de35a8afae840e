import type { LeaderboardError } from "./errors.ts";

export interface RetryOptions {
  /** Requests for one call, the first among them; 1 turns retries off. 5 unless given. */
  attemptsMax?: number;
  /** Milliseconds from the first request on, after which no other is sent. 30,000 unless given. */
  totalMsMax?: number;
}

export const RETRY_DEFAULTS: Required<RetryOptions> = { attemptsMax: 5, totalMsMax: 30_000 };

const BACKOFF_MS = 200;
const BACKOFF_MS_MAX = 5_000;
// Of a time that the server names: everybody whom it sent away together does not come back together.
const JITTER = 0.25;

// Nothing was changed: whatever was asked may be asked again.
const NOT_APPLIED = new Set(["rate_limited", "queue_full", "unavailable", "no_upstream"]);
// Of this server or of a proxy before it, with nothing said about what has come of the request.
const MAY_PASS = new Set([429, 502, 503, 504]);

/**
 * Whether a failed call may be sent again. What may have been applied is repeated only where a repeat changes nothing:
 * a read, or a write under an idempotency key.
 */
export function mayRetry({ code, status }: LeaderboardError, isRepeatable: boolean): boolean {
  if (NOT_APPLIED.has(code)) return true;
  return isRepeatable && (code === "no_answer" || code === "outcome_unknown" || MAY_PASS.has(status));
}

/**
 * Milliseconds to wait before the next attempt: what the server asked for and a little more, or a random part of a
 * time that doubles with each attempt.
 *
 * @param attempt the one that failed, from 1 on
 * @param random 0 up to 1
 */
export function waitMsBefore(attempt: number, retryAfterSeconds: number | undefined, random = Math.random()): number {
  if (retryAfterSeconds !== undefined) return Math.ceil(retryAfterSeconds * 1000 * (1 + JITTER * random));
  return Math.ceil(Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** (attempt - 1)) * (0.5 + random / 2));
}

/** Resolves after this time. @throws what the signal is aborted with */
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
