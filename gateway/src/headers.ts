import { Problem } from "shared/problems";

/** Headers that speak about one connection, and end with it (RFC 9110, 7.6.1). */
const HOP_BY_HOP = ["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"].concat(
  ["te", "trailer", "transfer-encoding", "upgrade", "expect"],
);

function stripHopByHop(headers: Headers): Headers {
  const kept = new Headers(headers);
  const named = (headers.get("Connection") ?? "").split(",").map((name) => name.trim());
  for (const name of [...HOP_BY_HOP, ...named]) if (isHeaderName(name)) kept.delete(name);
  return kept;
}

// RFC 9110 token; Headers throws at anything else, and a Connection header may hold anything.
const isHeaderName = (name: string) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name);

/** What a request says to the upstream: what the client said, but for what belongs to the client's connection. */
export function toUpstreamHeaders(headers: Headers, requestId: string, forwardedFor: string): Headers {
  const sent = stripHopByHop(headers);
  // The body is sent anew, in one piece, to another host; an answer that was compressed could not be passed on as is.
  for (const name of ["host", "content-length"]) sent.delete(name);
  sent.set("Accept-Encoding", "identity");
  sent.set("X-Request-Id", requestId);
  sent.set("X-Forwarded-For", forwardedFor);
  return sent;
}

// A ranker's Bun refuses a head of 16 KiB, or of 199 lines, without a word in it; fetch adds some lines of its own.
const HEAD_BYTES_MAX = 15 * 1024;
const HEAD_LINES_MAX = 150;

/**
 * Refuses what a ranker could not read.
 *
 * @throws Problem `head_too_large`
 */
export function refuseLargeHead(target: string, headers: Headers): void {
  let bytes = target.length;
  let lines = 0;
  headers.forEach((value, name) => {
    bytes += name.length + Buffer.byteLength(value) + ": \r\n".length;
    lines++;
  });
  if (bytes <= HEAD_BYTES_MAX && lines <= HEAD_LINES_MAX) return;
  throw new Problem("head_too_large", "The path, the query and the headers are too large together.");
}

/** What an answer says to the client: what the upstream said, and which one it was. */
export function toClientHeaders(headers: Headers, upstreamAddress: string): Headers {
  const sent = stripHopByHop(headers);
  for (const name of ["content-length", "date"]) sent.delete(name);
  sent.set("X-Upstream-Addr", upstreamAddress);
  return sent;
}
