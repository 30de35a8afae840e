import { type Link, openLink } from "shared/link/client";

/** A ranker, as the gateway sees it. */
export interface Upstream {
  /** `http://10.0.0.7:5000` */
  readonly origin: string;
  /** `10.0.0.7:5000`: names it to people and in `X-Upstream-Addr`. */
  readonly address: string;
  isUp: boolean;
  /** Absent where requests go by HTTP alone. */
  link?: Link;
  /** Probes that failed since the last that did not. */
  failedProbes: number;
  /** Number of times it was marked down. A probe that began before the last time proves nothing. */
  downs: number;
}

/** The upstreams, and the index of the next one in turn. */
export interface Pool {
  readonly upstreams: readonly Upstream[];
  turn: number;
}

/** A pool in which no upstream is up until a probe has said so. */
export function createPool(urls: readonly string[]): Pool {
  const upstreams = urls.map((url) => {
    const { origin, host } = new URL(url);
    return { origin, address: host, isUp: false, failedProbes: 0, downs: 0 };
  });
  return { upstreams, turn: 0 };
}

/** Opens a link to each upstream. Resolves when every upstream has been tried once. */
export async function openLinks({ upstreams }: Pool): Promise<void> {
  const opened = upstreams.map((upstream) => {
    upstream.link = openLink(upstream.origin);
    return upstream.link.firstTry;
  });
  await Promise.all(opened);
}

export function closeLinks({ upstreams }: Pool): void {
  for (const { link } of upstreams) link?.close();
}

/**
 * Picks the next upstream that is up, round robin, without `except`. Undefined where there is none.
 */
export function pick(pool: Pool, except?: Upstream): Upstream | undefined {
  const { upstreams } = pool;
  for (let tried = 0; tried < upstreams.length; tried++) {
    const upstream = upstreams[pool.turn % upstreams.length];
    pool.turn = (pool.turn + 1) % upstreams.length;
    if (upstream?.isUp && upstream !== except) return upstream;
  }
  return undefined;
}

/** Takes an upstream out of the round until a later probe succeeds. */
export function markDown(upstream: Upstream): void {
  upstream.isUp = false;
  upstream.downs++;
}

/** What a probe found: ready for requests, alive but not ready, or no answer. */
export type ProbeResult = "ready" | "not_ready" | "no_answer";

// One slow answer is no outage. A refused connection marks an upstream down at once, without a
// probe.
const FAILED_PROBES_MAX = 2;

/**
 * Applies a probe's result. A success is ignored when the upstream was marked down after the probe
 * began: `downs` is then no longer `downsAtStart`.
 */
export function applyProbe(upstream: Upstream, result: ProbeResult, downsAtStart: number): void {
  if (result === "ready") {
    if (upstream.downs !== downsAtStart) return;
    upstream.isUp = true;
    upstream.failedProbes = 0;
    return;
  }
  upstream.failedProbes++;
  const isOut = result === "not_ready" || upstream.failedProbes >= FAILED_PROBES_MAX;
  if (isOut && upstream.isUp) markDown(upstream);
}

// No connection was made, so that no byte of the request has left.
const NEVER_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "LINK_NOT_SENT",
]);

/** Whether a request failed before a byte of it had left. */
export const wasNeverConnected = (error: unknown) => NEVER_CONNECTED.has(errorCode(error));

/** Bun gives system errors a code; those of an abort have a number in its place. */
const errorCode = (error: unknown) => String((error as { code?: unknown } | null)?.code);
