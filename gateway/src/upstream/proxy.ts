import type { Operation } from "shared/api/operation";
import { Problem } from "shared/api/problems";
import { FIRST_ATTEMPT_MS, GATEWAY_ANSWER_MS } from "shared/base/deadlines";
import { headerOf, toHeaderList, toHeaderPairs } from "shared/http/header-list";
import type { HeaderRecord, Reply } from "shared/http/reply";
import type { Handle } from "shared/http/serve";
import type { Tracing } from "shared/tracing/tracing";
import { type LiveProxy, streamOperation } from "../live/live-proxy.ts";
import { type Outgoing, toClientHeaders, toOutgoing, withHeader } from "./pass-on.ts";
import { shareAnswers } from "./share-answers.ts";
import { markDown, type Pool, pick, type Upstream, wasNeverConnected } from "./upstreams.ts";

/** An upstream's whole answer. */
export interface UpstreamReply extends Reply {
  headers: HeaderRecord;
  body: ArrayBuffer | Uint8Array<ArrayBuffer> | null;
}

export interface ProxyOptions {
  pool: Pool;
  /** Called before a second attempt. */
  onRetry?: () => void;
  tracing?: Tracing | undefined;
}

export interface ProxyDeps extends ProxyOptions {
  live: LiveProxy;
}

const ATTEMPTS_MAX = 2;

/** Answers an operation by what a ranker answers. */
export function proxyOperation(operation: Operation, { live, ...options }: ProxyDeps): Handle {
  const ask: Handle = async (incoming) => forward(await toOutgoing(incoming, operation), options);
  if (operation.success[200]?.mediaType === "text/event-stream") return streamOperation(operation, live, ask);
  // With tracing on, requests for a top do not share an answer, because a trace describes one
  // request.
  return operation.id === "top" && options.tracing === undefined ? shareAnswers(ask) : ask;
}

/**
 * Sends a request to the next upstream that is up and reads its whole answer. A request that fails
 * is tried once more on another upstream: a repeatable one always, any other when its connection
 * was refused.
 *
 * @throws Problem `no_upstream`, `unavailable` (nothing was changed), `outcome_unknown` (a write
 *   may stand)
 */
export async function forward(outgoing: Outgoing, { pool, onRetry, tracing }: ProxyOptions): Promise<UpstreamReply> {
  const startedAt = performance.now();
  let failed: { upstream: Upstream; cause: unknown; mayStand: boolean } | undefined;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const upstream = pick(pool, failed?.upstream);
    if (upstream === undefined) break;
    if (attempt > 1) onRetry?.();
    const remainingMs = GATEWAY_ANSWER_MS - (performance.now() - startedAt);
    const timeoutMs = outgoing.isRepeatable && attempt < ATTEMPTS_MAX ? FIRST_ATTEMPT_MS : remainingMs;
    const sendOnce = (traced: Outgoing) => send(traced, { upstream, timeoutMs: Math.max(1, Math.floor(timeoutMs)) });
    try {
      return await (tracing === undefined ? sendOnce(outgoing) : sendTraced(outgoing, upstream, tracing, sendOnce));
    } catch (cause) {
      const neverConnected = wasNeverConnected(cause);
      if (neverConnected) markDown(upstream);
      const mayStand = (failed?.mayStand ?? false) || (!neverConnected && outgoing.isWrite);
      failed = { upstream, cause, mayStand };
      if (!neverConnected && !outgoing.isRepeatable) break;
    }
  }
  if (failed === undefined) throw new Problem("no_upstream", "No ranking service is up. Try again shortly.");
  const known = { cause: failed.cause, facts: { upstream: failed.upstream.address } };
  if (!failed.mayStand) {
    throw new Problem("unavailable", "The ranking service does not answer. Nothing was changed; try again.", known);
  }
  throw new Problem(
    "outcome_unknown",
    "The ranking service did not confirm the write, which may stand. Read the score, or repeat with an Idempotency-Key.",
    known,
  );
}

/** One attempt in a span of its own, which is the parent of the ranker's span. */
function sendTraced(
  outgoing: Outgoing,
  { address }: Upstream,
  tracing: Tracing,
  sendOnce: (traced: Outgoing) => Promise<UpstreamReply>,
): Promise<UpstreamReply> {
  const attributes = { "server.address": address, "http.request.method": outgoing.method };
  return tracing.within({ name: `attempt ${address}`, kind: "client", attributes }, async (span) => {
    const headers = withHeader(outgoing.headers, "traceparent", tracing.current() ?? "");
    const answer = await sendOnce({ ...outgoing, headers });
    span.set({ "http.response.status_code": answer.status });
    return answer;
  });
}

interface Attempt {
  upstream: Upstream;
  timeoutMs: number;
}

async function send(outgoing: Outgoing, { upstream, timeoutMs }: Attempt): Promise<UpstreamReply> {
  const { method, target, headers, body } = outgoing;
  const facts = { upstream: upstream.address };
  const linked = method === "HEAD" ? undefined : upstream.link?.send(outgoing, timeoutMs);
  if (linked !== undefined) {
    const answer = await linked;
    const whole = answer.body.byteLength > 0 ? answer.body : null;
    return { status: answer.status, headers: toClientHeaders(answer.headers, upstream.address), body: whole, facts };
  }
  const response = await fetch(upstream.origin + target, {
    method,
    headers: toHeaderPairs(headers),
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutMs),
    body: body.byteLength === 0 ? null : body,
  });
  // Read to its end here: once the first byte has gone to the client, another upstream cannot be
  // tried.
  const bytes = await response.arrayBuffer();
  const received = toHeaderList(response.headers);
  const sent = toClientHeaders(received, upstream.address);
  const length = headerOf(received, "content-length");
  if (method === "HEAD" && length !== undefined) sent["content-length"] = length; // of what GET would answer
  return {
    status: response.status,
    headers: sent,
    body: bytes.byteLength > 0 ? bytes : null,
    facts,
  };
}
