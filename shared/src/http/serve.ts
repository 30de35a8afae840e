import type { Log } from "../log/log.ts";
import { type Tracing, traceRequest } from "../tracing/tracing.ts";
import { ambiguousRequest } from "./ambiguous.ts";
import type { Incoming } from "./incoming.ts";
import { logProblem, toProblemReply } from "./problem-reply.ts";
import type { Reply } from "./reply.ts";

/** Answers a request. @throws Problem */
export type Handle = (incoming: Incoming) => Promise<Reply>;

export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** As Hono has it; it may have one parameter: `/rank/:userId`. */
  readonly path: string;
  readonly handle: Handle;
}

/** A request that has its answer. */
export interface Ended {
  readonly incoming: Incoming;
  /** Path of the route: `/rank/:userId`. */
  readonly route: string;
  readonly reply: Reply;
  /** On the clock of `performance.now()`. */
  readonly startedAtMs: number;
}

/** Called with every request that has its answer. Must not throw. */
export type OnEnd = (ended: Ended) => void;

export interface ServeOptions {
  log: Log;
  onEnd: readonly OnEnd[];
  tracing?: Tracing | undefined;
  /** Answers a request in place of its route. */
  intercept?: (incoming: Incoming) => Reply | undefined;
}

/** Answers a request by its route, and never throws: an error is a problem's reply. */
export type Serve = (route: Pick<Route, "path" | "handle">, incoming: Incoming) => Promise<Reply>;

/**
 * The one way of every request, by HTTP and by links: refusal of what is ambiguous, the route's handler, problems,
 * trace, metrics and logs.
 */
export function createServe({ log, onEnd, tracing, intercept }: ServeOptions): Serve {
  async function answer({ path, handle }: Pick<Route, "path" | "handle">, incoming: Incoming): Promise<Reply> {
    const startedAtMs = performance.now();
    let reply: Reply;
    try {
      const early = intercept?.(incoming);
      if (early === undefined && incoming.ambiguous !== undefined) throw ambiguousRequest(incoming.ambiguous);
      reply = early ?? (await handle(incoming));
    } catch (error) {
      reply = toProblemReply(error, incoming);
    }
    if (reply.problem !== undefined) logProblem(log, reply.problem, incoming);
    const ended: Ended = { incoming, route: path, reply, startedAtMs };
    for (const tell of onEnd) tell(ended);
    return reply;
  }

  if (tracing === undefined) return answer;
  return (route, incoming) => traceRequest(tracing, { route: route.path, incoming }, () => answer(route, incoming));
}
