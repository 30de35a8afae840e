import { findRepeatedName } from "../http/body.ts";
import { FailedCheck } from "./failed-check.ts";

// Our own tokens have some 300 characters; few servers accept headers much longer than this bound.
const TOKEN_CHARACTERS_MAX = 8 * 1024;

/**
 * Refuses what parsers accept: base64url with padding or unused last bits (one token would have
 * many spellings, each a cache entry), JSON with a repeated name, and excessive length.
 *
 * @param token in compact form
 * @throws FailedCheck that names the fault
 */
export function checkSpelling(token: string): void {
  if (token.length > TOKEN_CHARACTERS_MAX) throw new FailedCheck("too long for a token");
  const parts = token.split(".");
  const bytes = parts.map((part) => Buffer.from(part, "base64url"));
  if (parts.some((part, i) => bytes[i]?.toString("base64url") !== part)) throw new FailedCheck("not plain base64url");
  for (const json of bytes.slice(0, 2).map(String)) {
    JSON.parse(json);
    if (findRepeatedName(json) !== undefined) throw new FailedCheck("a name is repeated");
  }
}
