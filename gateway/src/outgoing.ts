import { headerOf } from "shared/header-list";
import type { Incoming } from "shared/incoming";
import { toUpstreamHeaders } from "./headers.ts";
import type { Outgoing } from "./proxy.ts";

/** What comes to the same when it arrives twice. */
const SETS_STATE = /^DELETE |^POST .*\/(un)?hide$/;

/**
 * A request as it goes on to a ranker, its body read to the end. What it is, and so whether it may be sent twice, is
 * decided by the path that its route was found by, however that was written.
 *
 * @throws Problem as reading a body does; `head_too_large`
 */
export async function toOutgoing(incoming: Incoming): Promise<Outgoing> {
  const { method, target, path, requestId, headers: received, trail } = incoming;
  const isRead = method === "GET" || method === "HEAD";
  const { client = "", forwardedFor = "" } = trail;
  const headers = toUpstreamHeaders(received, { target, requestId, forwardedFor, client });
  return {
    ...{ method, target, headers },
    body: isRead ? undefined : await incoming.body(),
    isWrite: !isRead && path !== "/auth/login",
    // By what is sent, not by what came: a Connection header may have ended a key here.
    isRepeatable:
      isRead ||
      SETS_STATE.test(`${method} ${path}`) ||
      (!path.startsWith("/auth/") && headerOf(headers, "idempotency-key") !== undefined),
  };
}
