import { findRepeatedName } from "../http/unique-names.ts";

// Ours have some 300 characters; no server takes headers that are much longer than this.
const TOKEN_CHARACTERS_MAX = 8 * 1024;

/**
 * Refuses what the parsers let pass: base64url with padding or odd last bits, which makes many tokens of one, JSON that
 * names something twice, and a length that no token needs.
 *
 * @param token in compact form
 * @throws Error
 */
export function checkSpelling(token: string): void {
  if (token.length > TOKEN_CHARACTERS_MAX) throw new Error("too long for a token");
  const parts = token.split(".");
  const bytes = parts.map((part) => Buffer.from(part, "base64url"));
  if (parts.some((part, i) => bytes[i]?.toString("base64url") !== part)) throw new Error("not plain base64url");
  for (const json of bytes.slice(0, 2).map(String)) {
    JSON.parse(json);
    if (findRepeatedName(json) !== undefined) throw new Error("a name is given twice");
  }
}
