import type { Aspect } from "./join-hooks.ts";

/** What every answer has that a route does not know better. */
export const ANSWER_HEADERS = {
  // Whatever a client makes a browser open, nothing in it runs, loads, or is framed.
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  // Against pages that embed an answer; those that CORS allows to fetch it are not concerned.
  "Cross-Origin-Resource-Policy": "same-origin",
  // Ranks are never older than their answer.
  "Cache-Control": "no-store",
} as const;

const HEADERS = Object.entries(ANSWER_HEADERS);

/**
 * What a browser may make of an answer: data that is read, and nothing else. A route's own header comes first.
 * Strict-Transport-Security is for whoever ends TLS: a promise for the whole host, which these services cannot make.
 */
export const secureAnswers = (): Aspect => ({
  after({ res: { headers } }) {
    for (const [name, value] of HEADERS) if (!headers.has(name)) headers.set(name, value);
  },
});
