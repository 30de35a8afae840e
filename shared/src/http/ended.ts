import type { Context } from "hono";
import { routePath } from "hono/route";
import type { Problem } from "../api/problems.ts";
import { type RequestVariables, toAnsweredProblem } from "./http.ts";
import type { Incoming, Trail } from "./incoming.ts";
import type { Aspect } from "./join-hooks.ts";

/** A request that has its answer. */
export interface Ended extends Pick<Incoming, "requestId" | "method" | "path"> {
  /** The pattern of its route: `/rank/:userId`. */
  route: string;
  status: number;
  /** On the clock of `performance.now()`. */
  startedAtMs: number;
  /** Why it was refused, where it was. */
  problem: Problem | undefined;
  trail: Trail;
}

/** Told of every request that has its answer. Must not throw. */
export type OnEnd = (ended: Ended) => void;

/** Tells of what goes through Hono. */
export const tellEnds = (onEnd: readonly OnEnd[]): Aspect => ({
  after(c: Context, startedAtMs) {
    const { requestId, trail = {} } = c.var as RequestVariables;
    const { method, path } = c.req;
    const problem = c.error === undefined ? undefined : toAnsweredProblem(c.error);
    const ended = {
      requestId,
      method,
      path,
      route: routePath(c, -1),
      status: c.res.status,
      startedAtMs,
      problem,
      trail,
    };
    for (const tell of onEnd) tell(ended);
  },
});
