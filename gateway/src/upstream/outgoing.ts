import type { Operation } from "shared/api/operation";
import { type HeaderList, headerOf } from "shared/http/header-list";
import type { Incoming } from "shared/http/incoming";
import type { LinkRequest } from "shared/link/frames";
import { toUpstreamHeaders } from "../edge/headers.ts";

/** A request on its way to a ranker. */
export interface Outgoing extends LinkRequest {
  /** Whether it changes anything, so that a lost reply leaves open whether it did. */
  isWrite: boolean;
  /** Whether it may be sent a second time. */
  isRepeatable: boolean;
}

/** What the gateway has to know of an operation to send its requests on. */
export type Sent = Pick<Operation, "isWrite" | "repeat">;

const NO_BODY = new Uint8Array();

/** The headers that go on to a ranker. @throws Problem `head_too_large` */
export const headersOfIncoming = ({ target, requestId, headers, client }: Incoming): HeaderList =>
  toUpstreamHeaders(headers, { target, requestId, client });

/**
 * A request as it goes on to a ranker, its body read to the end.
 *
 * @throws Problem as reading a body does; `head_too_large`
 */
export async function toOutgoing(incoming: Incoming, { isWrite, repeat }: Sent): Promise<Outgoing> {
  const { method, target } = incoming;
  const headers = headersOfIncoming(incoming);
  return {
    method,
    target,
    headers,
    body: method === "GET" || method === "HEAD" ? NO_BODY : await incoming.body(),
    isWrite,
    // By what is sent, not by what came: a Connection header may have ended a key here.
    isRepeatable: repeat === "always" || (repeat === "keyed" && headerOf(headers, "idempotency-key") !== undefined),
  };
}
