import { createHash } from "node:crypto";
import type { HeaderSource } from "./header-list.ts";
import { isStream, type Reply, toBytes } from "./reply.ts";

/**
 * Names an answer by its bytes. A client may keep it, and has to ask each time whether it still
 * holds: an operator may hide, rename or erase a player of any season.
 */
export function withEtag(reply: Reply): Reply {
  if (isStream(reply.body)) return reply;
  const digest = createHash("sha256").update(toBytes(reply.body)).digest("base64url").slice(0, DIGEST_CHARACTERS);
  return { ...reply, headers: { ...reply.headers, etag: `"${digest}"`, "cache-control": "no-cache" } };
}

// 132 bits: two answers of a route never have the same.
const DIGEST_CHARACTERS = 22;

/** 304 where the caller has the answer already (RFC 9110, 13.1.2). */
export function unlessMatched(reply: Reply, asking: HeaderSource): Reply {
  const { headers = {} } = reply;
  const { etag } = headers;
  const asked = asking.get("if-none-match");
  if (asked === null || typeof etag !== "string" || reply.status !== 200) return reply;
  const isMatched = asked.trim() === "*" || asked.split(",").some((each) => each.trim().replace(/^W\//, "") === etag);
  if (!isMatched) return reply;
  const { "content-type": _, ...others } = headers;
  return { ...reply, status: 304, headers: others, body: null };
}
