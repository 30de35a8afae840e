import { createCoalesce } from "shared/http/coalesce";
import { unlessMatched } from "shared/http/etag";
import { fromHeaderList, type HeaderSource } from "shared/http/header-list";
import { type Incoming, UNKNOWN_CLIENT } from "shared/http/incoming";
import { withoutCacheBuster } from "shared/http/read-query";
import { isStream, type Reply, shareBody, toBytes } from "shared/http/reply";
import type { Handle } from "shared/http/serve";
import { formatTraceparent, parseTraceparent } from "shared/tracing/traceparent";
import { toUpstreamHeaders } from "./pass-on.ts";

interface SharedReply {
  reply: Reply;
  /** The first caller, whose request id the upstream was sent. */
  first: Incoming;
}

/**
 * Sends one upstream request for all callers without a token that ask the same query at the same
 * time. The upstream request carries the query, and of the first caller the request id and the
 * `traceparent`, which change no answer. A caller whose own headers are too large is refused before
 * it joins.
 *
 * A query is kept only while a request for it is under way, so that clients who ask for ever more
 * boards leave nothing here.
 */
export function shareAnswers(ask: Handle): Handle {
  const read = createCoalesce<SharedReply>();
  const askForAll = async (first: Incoming): Promise<SharedReply> => {
    const reply = await ask(toShared(first));
    return { reply: isStream(reply.body) ? reply : { ...reply, body: shareBody(toBytes(reply.body)) }, first };
  };
  return async (incoming) => {
    if (incoming.method !== "GET") return ask(incoming); // HEAD has no body to share
    // Only operators read some boards: what is read with a token may be for that caller alone.
    if (incoming.headers.get("authorization") !== null) return ask(incoming);
    toUpstreamHeaders(incoming); // throws head_too_large, for this caller alone
    const { reply, first } = await read(withoutCacheBuster(incoming.query), () => askForAll(incoming));
    // A refusal names the request that it answers.
    if (reply.status !== 200 && first !== incoming) return ask(incoming);
    // The upstream has not seen which answer this caller has.
    return unlessMatched(reply, incoming.headers);
  };
}

const toShared = (first: Incoming): Incoming => ({
  method: first.method,
  target: first.target,
  path: first.path,
  query: first.query,
  params: first.params,
  requestId: first.requestId,
  headers: toSharedHeaders(first),
  client: UNKNOWN_CLIENT,
  ambiguous: undefined,
  body: () => first.body(),
  signal: () => undefined,
  setIdleTimeout() {},
});

function toSharedHeaders({ headers }: Incoming): HeaderSource {
  const traceparent = parseTraceparent(headers.get("traceparent") ?? undefined);
  return fromHeaderList(traceparent === undefined ? [] : ["traceparent", formatTraceparent(traceparent)]);
}
