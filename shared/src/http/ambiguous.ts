import { Problem } from "../api/problems.ts";

/** The part of a request that two readers could understand differently. */
export type AmbiguousPart = "Host" | "Content-Length" | "path";

// One host, with or without a port (RFC 9112, 3.2).
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
const ABSOLUTE_URL = /^https?:\/\//;
const AMBIGUOUS_PATH = /[\\#]|%(?:5c|23)|\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * Finds what is ambiguous in a request by HTTP. Bun joins repeated header lines with commas, and gives a request without
 * a valid host its bare target for a URL, in which a router would look for the path behind any `://`.
 */
export function findAmbiguous({ url, headers }: Request, hasAmbiguousPath: boolean): AmbiguousPart | undefined {
  const host = headers.get("host");
  if (!ABSOLUTE_URL.test(url) || (host !== null && !HOST.test(host))) return "Host";
  if (hasAmbiguousPath) return "path";
  return headers.get("content-length")?.includes(",") === true ? "Content-Length" : undefined;
}

/** The same for a path that a link has carried as it was sent: no URL parser has normalised it. */
export const isAmbiguousPath = (path: string): boolean => AMBIGUOUS_PATH.test(path);

const MESSAGES: Readonly<Record<AmbiguousPart, string>> = {
  Host: "must name one host, in a request for a path",
  "Content-Length": "must be given once",
  path: "must have no \\, no # and no segments . and .., neither plain nor percent-encoded",
};

export function ambiguousRequest(part: AmbiguousPart): Problem {
  const detail = part === "path" ? "The path is not valid." : `The header ${part} is not valid.`;
  return new Problem("invalid_request", detail, {
    errors: [{ field: part, message: MESSAGES[part] }],
    headers: { connection: "close" },
  });
}
