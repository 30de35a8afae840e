import { createDeadline } from "./deadline.ts";
import { LeaderboardError, toError } from "./errors.ts";
import { mayRetry, RETRY_DEFAULTS, type RetryOptions, wait, waitMsBefore } from "./retry.ts";

export interface TransportOptions {
  /** Where the gateway is: `https://scores.example.com`. */
  url: string;
  /** Milliseconds that one attempt may take. 10,000 unless given. */
  timeoutMs?: number;
  retry?: RetryOptions;
  /** Called before each wait. */
  onRetry?: (error: LeaderboardError, waitMs: number) => void;
  /** In place of the global `fetch`. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

export interface Outgoing {
  method: "GET" | "POST" | "DELETE";
  /** `/top?limit=10` */
  target: string;
  headers?: Record<string, string>;
  body?: unknown;
  /** Whether it changes nothing when it arrives twice: a read, or a write under an idempotency key. */
  isRepeatable: boolean;
  signal?: AbortSignal | undefined;
  /** A status that is an answer as well, and no failure. */
  alsoFine?: number;
}

/** Sends a request until it is answered, told to stop, or not worth another attempt. */
export type Send = (outgoing: Outgoing) => Promise<Response>;

const TIMEOUT_MS = 10_000;

export function createSend(options: TransportOptions): Send {
  const { attemptsMax, totalMsMax } = { ...RETRY_DEFAULTS, ...options.retry };
  return async (outgoing) => {
    const startedAt = performance.now();
    for (let attempt = 1; ; attempt++) {
      const outcome = await attemptOnce(options, outgoing);
      if (!(outcome instanceof LeaderboardError)) return outcome;
      const waitMs = waitMsBefore(attempt, outcome.retryAfter);
      const isLate = performance.now() - startedAt + waitMs > totalMsMax;
      if (attempt >= attemptsMax || isLate || !mayRetry(outcome, outgoing.isRepeatable)) throw outcome;
      options.onRetry?.(outcome, waitMs);
      await wait(waitMs, outgoing.signal);
    }
  };
}

/** The answer, or why there is none. @throws what the caller's signal is aborted with */
async function attemptOnce(options: TransportOptions, outgoing: Outgoing): Promise<Response | LeaderboardError> {
  const { fetch = globalThis.fetch, timeoutMs = TIMEOUT_MS } = options;
  const { method, target, headers, body, signal, alsoFine } = outgoing;
  signal?.throwIfAborted();
  const deadline = createDeadline(signal);
  deadline.within(timeoutMs);
  try {
    const response = await fetch(options.url.replace(/\/+$/, "") + target, {
      method,
      headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: deadline.signal,
    });
    if (!response.ok && response.status !== alsoFine) return await toError(response);
    // Read here: an answer that breaks off was none.
    return new Response(await response.arrayBuffer(), response);
  } catch (cause) {
    signal?.throwIfAborted();
    return new LeaderboardError("no_answer", "The server does not answer.", { status: 0, cause });
  } finally {
    deadline.end();
  }
}
