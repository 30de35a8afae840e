import { type HeaderList, headerOf } from "shared/http/header-list";
import type { Incoming } from "shared/http/incoming";
import { toUpstreamHeaders } from "../edge/headers.ts";
import type { Outgoing } from "./proxy.ts";

/** What comes to the same when it arrives twice. */
const SETS_STATE = /^DELETE |^POST .*\/(un)?hide$/;

/** The headers that go on to a ranker. @throws Problem `head_too_large` */
export function headersOfIncoming({ target, requestId, headers, trail }: Incoming): HeaderList {
  const { client = "", forwardedFor = "" } = trail;
  return toUpstreamHeaders(headers, { target, requestId, forwardedFor, client });
}

/**
 * A request as it goes on to a ranker, its body read to the end. What it is, and so whether it may be sent twice, is
 * decided by the path that its route was found by, however that was written.
 *
 * @throws Problem as reading a body does; `head_too_large`
 */
export async function toOutgoing(incoming: Incoming): Promise<Outgoing> {
  const { method, target, path } = incoming;
  const isRead = method === "GET" || method === "HEAD";
  const headers = headersOfIncoming(incoming);
  return {
    method,
    target,
    headers,
    body: isRead ? undefined : await incoming.body(),
    isWrite: !isRead && path !== "/auth/login",
    // By what is sent, not by what came: a Connection header may have ended a key here.
    isRepeatable:
      isRead ||
      SETS_STATE.test(`${method} ${path}`) ||
      (!path.startsWith("/auth/") && headerOf(headers, "idempotency-key") !== undefined),
  };
}
