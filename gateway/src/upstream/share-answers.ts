import { createCoalesce } from "shared/http/coalesce";
import { fromHeaderList, type HeaderSource } from "shared/http/header-list";
import type { Incoming } from "shared/http/incoming";
import { type Reply, shareBody, toBytes } from "shared/http/reply";
import { formatTraceparent, parseTraceparent } from "shared/tracing/traceparent";
import { headersOfIncoming } from "./outgoing.ts";

/** Answers a request. */
export type Ask = (incoming: Incoming) => Promise<Reply>;

interface SharedAnswer {
  answer: Reply;
  /** The first caller, whose request id the upstream was sent. */
  first: Incoming;
  upstream: string | undefined;
}

/**
 * Sends one upstream request for all callers that ask the same query at the same time. The upstream request carries the
 * query, and of the first caller the request id and the `traceparent`, which change no answer. What is wrong with one
 * caller's headers is refused before that caller joins.
 */
export function shareAnswers(ask: Ask): Ask {
  const read = createCoalesce<SharedAnswer>();
  const askForAll = async (first: Incoming): Promise<SharedAnswer> => {
    const shared: Incoming = { ...first, headers: toSharedHeaders(first), trail: {} };
    const answer = await ask(shared);
    return {
      answer: { ...answer, body: shareBody(toBytes(answer.body)) },
      first,
      upstream: shared.trail.upstream,
    };
  };
  return async (incoming) => {
    if (incoming.method !== "GET") return ask(incoming); // HEAD has no body to share
    headersOfIncoming(incoming); // throws head_too_large, for this caller alone
    const { answer, first, upstream } = await read(incoming.query, () => askForAll(incoming));
    // A refusal names the request that it answers.
    if (answer.status !== 200 && first !== incoming) return ask(incoming);
    if (upstream !== undefined) incoming.trail.upstream = upstream;
    return answer;
  };
}

function toSharedHeaders({ headers }: Incoming): HeaderSource {
  const traceparent = parseTraceparent(headers.get("traceparent") ?? undefined);
  return fromHeaderList(traceparent === undefined ? [] : ["traceparent", formatTraceparent(traceparent)]);
}
