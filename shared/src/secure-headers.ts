import type { MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";

/** What a browser may make of an answer: data that is read, and nothing else. A route's own header comes first. */
export function secureAnswers(): MiddlewareHandler {
  const secure = secureHeaders({
    overwrite: false,
    // Whatever a client makes a browser open, nothing in it runs, loads, or is framed.
    contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    xContentTypeOptions: true,
    referrerPolicy: "no-referrer",
    // Against pages that embed an answer; those that CORS allows to fetch it are not concerned.
    crossOriginResourcePolicy: "same-origin",
    // For whoever ends TLS: a promise for the whole host, which these services cannot make.
    strictTransportSecurity: false,
    // Of documents alone, or of browsers that are gone.
    ...{ crossOriginOpenerPolicy: false, originAgentCluster: false, xDnsPrefetchControl: false },
    ...{ xDownloadOptions: false, xFrameOptions: false, xPermittedCrossDomainPolicies: false, xXssProtection: false },
  });
  return function secureAnswersMiddleware(c, next) {
    return secure(c, async () => {
      await next();
      // Ranks are never older than their answer.
      if (!c.res.headers.has("Cache-Control")) c.res.headers.set("Cache-Control", "no-store");
    });
  };
}
