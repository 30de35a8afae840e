import type { Operation } from "shared/api/operation";
import { Problem } from "shared/api/problems";
import { type HeaderList, headerOf, toHeaderPairs } from "shared/http/header-list";
import type { Incoming } from "shared/http/incoming";
import type { HeaderRecord } from "shared/http/reply";
import type { LinkRequest } from "shared/link/frames";

/** A request on its way to a ranker. */
export interface Outgoing extends LinkRequest {
  /** Whether it changes anything, so that a lost reply leaves open whether it did. */
  isWrite: boolean;
  /** Whether it may be sent a second time. */
  isRepeatable: boolean;
}

/** What the gateway has to know of an operation to send its requests on. */
export type Sent = Pick<Operation, "isWrite" | "repeat" | "body">;

const NO_BODY = new Uint8Array();

/**
 * A request as it goes on to a ranker, its body read to the end.
 *
 * @throws Problem as reading a body does; `head_too_large`
 */
export async function toOutgoing(incoming: Incoming, { isWrite, repeat, body }: Sent): Promise<Outgoing> {
  const { method, target } = incoming;
  const headers = toUpstreamHeaders(incoming);
  return {
    method,
    target,
    headers,
    body: method === "GET" || method === "HEAD" ? NO_BODY : await incoming.body(body?.bytesMax),
    isWrite,
    // By what is sent, not by what came: a Connection header may have ended a key here.
    isRepeatable: repeat === "always" || (repeat === "keyed" && headerOf(headers, "idempotency-key") !== undefined),
  };
}

/** Headers of one connection, which end with it (RFC 9110, 7.6.1). */
const HOP_BY_HOP = ["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"].concat(
  ["te", "trailer", "transfer-encoding", "upgrade", "expect"],
);

/** Headers that the gateway sets itself. It sends the body in one piece, and to another host. */
const OURS = ["accept-encoding", "x-request-id", "x-forwarded-for", "x-real-ip", "host", "content-length"];

const NOT_PASSED_ON = new Set([...HOP_BY_HOP, ...OURS]);
const NOT_PASSED_BACK = new Set([...HOP_BY_HOP, "content-length", "date", "x-upstream-addr"]);

/** The header names that a `Connection` header ends, beside the hop-by-hop ones. */
function namedIn(connection: string | null | undefined): readonly string[] {
  if (connection == null || connection === "keep-alive" || connection === "close") return [];
  return connection.split(",").map((name) => name.trim().toLowerCase());
}

// Bun in the ranker refuses a head of 16 KiB or of 199 lines, with an empty answer; fetch adds some
// lines of its own.
const HEAD_BYTES_MAX = 15 * 1024;
const HEAD_LINES_MAX = 150;

/** The head of a request as the client sent it. */
type SentHead = Pick<Incoming, "target" | "requestId" | "client" | "headers">;

/**
 * The headers of a request to an upstream: those of the client, without those of the client's
 * connection. Names are in lower case.
 *
 * @throws Problem `head_too_large` for a head that a ranker could not read
 */
export function toUpstreamHeaders({ target, requestId, client, headers }: SentHead): HeaderList {
  const named = namedIn(headers.get("connection"));
  // An answer that was compressed could not be passed on as is.
  const sent = ["accept-encoding", "identity", "x-request-id", requestId];
  // A read that several clients share has no address.
  if (client.address !== "") sent.push("x-forwarded-for", client.forwardedFor, "x-real-ip", client.address);
  headers.forEach((value, name) => {
    if (!NOT_PASSED_ON.has(name) && !named.includes(name)) sent.push(name, value);
  });
  const bytes = sent.reduce((sum, part) => sum + part.length + 2, target.length);
  if (bytes <= HEAD_BYTES_MAX && sent.length <= 2 * HEAD_LINES_MAX) return sent;
  throw new Problem("head_too_large", "The path, the query and the headers are too large together.");
}

/** The headers of an answer to the client: the upstream's, and `X-Upstream-Addr`. */
export function toClientHeaders(list: HeaderList, upstreamAddress: string): HeaderRecord {
  const sent: HeaderRecord = {};
  const named = namedIn(headerOf(list, "connection"));
  for (const [name, value] of toHeaderPairs(list)) {
    if (NOT_PASSED_BACK.has(name) || named.includes(name)) continue;
    const before = sent[name];
    sent[name] = before === undefined ? value : [before, value].flat();
  }
  sent["x-upstream-addr"] = upstreamAddress;
  return sent;
}

/** The same list, in which a header has this value alone. @param name in lower case */
export function withHeader(list: HeaderList, name: string, value: string): HeaderList {
  return [name, value, ...list.filter((_, index) => list[index - (index % 2)] !== name)];
}
