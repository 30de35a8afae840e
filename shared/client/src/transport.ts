import { createDeadline } from "./deadline.ts";
import { LeaderboardError, toError } from "./errors.ts";
import { ATTEMPTS_MAX, mayRetry, type RetryOptions, TOTAL_MS_MAX, wait, waitMsBefore } from "./retry.ts";

export interface TransportOptions {
  /** The URL of the gateway: `https://scores.example.com`. */
  url: string;
  /** The timeout of one attempt. Default 10,000. */
  timeoutMs?: number | undefined;
  retry?: RetryOptions | undefined;
  /** Called before each retry, and before a stream connects again. */
  onRetry?: ((error: LeaderboardError, waitMs: number) => void) | undefined;
  /** Replaces the global `fetch`. */
  fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

export interface Outgoing {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `/top?limit=10` */
  target: string;
  headers?: Record<string, string>;
  body?: unknown;
  /** True if a second arrival changes nothing: a read, or a write under an idempotency key. */
  isRepeatable: boolean;
  signal?: AbortSignal | undefined;
  /** A status beside 2xx that counts as success. */
  acceptedStatus?: number;
}

/**
 * Sends a request, and retries it as {@link mayRetry} allows.
 *
 * @throws LeaderboardError of the last attempt; the reason of an aborted signal
 */
export type Send = (outgoing: Outgoing) => Promise<Response>;

const TIMEOUT_MS = 10_000;

export function createSend(options: TransportOptions): Send {
  requireUrl(options.url);
  const { attemptsMax = ATTEMPTS_MAX, totalMsMax = TOTAL_MS_MAX } = options.retry ?? {};
  return async (outgoing) => {
    const startedAt = performance.now();
    for (let attempt = 1; ; attempt++) {
      const outcome = await attemptOnce(options, outgoing);
      if (!(outcome instanceof LeaderboardError)) return outcome;
      const waitMs = waitMsBefore(attempt, outcome.retryAfter);
      const isLate = performance.now() - startedAt + waitMs > totalMsMax;
      if (attempt >= attemptsMax || isLate || !mayRetry(outcome, outgoing)) throw outcome;
      options.onRetry?.(outcome, waitMs);
      await wait(waitMs, outgoing.signal);
    }
  };
}

/** Without this a URL that was left out would look like a server that does not answer. */
function requireUrl(url: string): void {
  if (originOf(url) === undefined)
    throw new TypeError(`url must begin with http:// or https://, and is ${JSON.stringify(url)}`);
}

/** Scheme and authority of a URL, for messages; undefined for one that is not of HTTP. */
export function originOf(url: string): string | undefined {
  // A page may name a path of its own site.
  const base = (globalThis as { location?: { href: string } }).location?.href;
  try {
    const { protocol, origin } = new URL(url, base);
    return /^https?:$/.test(protocol) ? origin : undefined;
  } catch {
    return undefined;
  }
}

/** One attempt. @throws the reason of the caller's aborted signal */
async function attemptOnce(options: TransportOptions, outgoing: Outgoing): Promise<Response | LeaderboardError> {
  const { fetch = globalThis.fetch, timeoutMs = TIMEOUT_MS } = options;
  const { method, target, headers = {}, body, signal, acceptedStatus } = outgoing;
  signal?.throwIfAborted();
  const deadline = createDeadline(signal);
  deadline.within(timeoutMs);
  try {
    const response = await fetch(options.url.replace(/\/+$/, "") + target, {
      method,
      headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(body), // undefined without a body
      signal: deadline.signal,
    });
    if (!response.ok && response.status !== acceptedStatus) return await toError(response);
    // The body is read under the deadline, so that an answer that breaks off counts as a failure.
    return new Response(await response.arrayBuffer(), response);
  } catch (cause) {
    signal?.throwIfAborted();
    return new LeaderboardError("no_answer", `The server at ${originOf(options.url)} does not answer.`, {
      status: 0,
      cause,
    });
  } finally {
    deadline.end();
  }
}
