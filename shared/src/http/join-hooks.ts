import type { Context, MiddlewareHandler } from "hono";

/** A small thing to do at the beginning of a request, and one at its end, whatever came of it. Neither waits or throws. */
export interface Aspect {
  before?: (c: Context) => void;
  /** @param startedAtMs on the clock of `performance.now()` */
  after?: (c: Context, startedAtMs: number) => void;
}

/**
 * Several aspects as one middleware: each would otherwise wait for the rest by itself, and a promise more for every
 * request is what most of them cost. The first is the outermost: it ends last.
 */
export function around(...aspects: readonly Aspect[]): MiddlewareHandler {
  const befores = aspects.flatMap(({ before }) => before ?? []);
  const afters = aspects.flatMap(({ after }) => after ?? []).reverse();
  return async function aroundMiddleware(c, next) {
    const startedAtMs = performance.now();
    for (const before of befores) before(c);
    await next();
    for (const after of afters) after(c, startedAtMs);
  };
}
