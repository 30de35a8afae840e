import type { Context } from "hono";
import type { Aspect } from "shared/around";
import type { HotEnd } from "shared/hot-routes";
import type { Trail } from "shared/incoming";
import { createLineWriter, type Log } from "shared/log";
import type { GatewayEnv } from "./app.ts";

/** A request that has ended, as its line tells it. */
interface Ended {
  requestId: string;
  method: string;
  path: string;
  status: number;
  /** On the clock of `performance.now()`. */
  startedAtMs: number;
  trail: Trail;
}

export type AccessLog = (ended: Ended) => void;

// Asked several times a second by whoever watches the service.
const STATUS_ROUTES = new Set(["/health", "/ready", "/metrics"]);

/**
 * One line a request, at its end: who asked for what, which upstream answered, how long it took. Never a header, never a
 * query.
 */
export function createAccessLog(log: Log): AccessLog {
  const writeLine = createLineWriter(log);
  return ({ requestId, method, path, status, startedAtMs, trail }) => {
    const { client, upstream, userId, operator, ended } = trail;
    const level = STATUS_ROUTES.has(path) ? "debug" : "info";
    const write = () =>
      writeLine(
        level,
        {
          request_id: requestId,
          method,
          path,
          status,
          duration_ms: Math.round((performance.now() - startedAtMs) * 100) / 100,
          client,
          upstream,
          user_id: userId,
          operator,
        },
        "request",
      );
    if (ended === undefined) write();
    else void ended.then(write);
  };
}

/** Tells of what goes through Hono. */
export const logAccess = (write: AccessLog): Aspect => ({
  after(c: Context<GatewayEnv>, startedAtMs) {
    const { method, path } = c.req;
    write({ requestId: c.get("requestId"), method, path, status: c.res.status, startedAtMs, trail: c.get("trail") });
  },
});

/** Tells of what goes by the lane beside it. */
export const logHotAccess =
  (write: AccessLog) =>
  ({ incoming: { requestId, method, path, trail }, status, startedAtMs }: HotEnd): void =>
    write({ requestId, method, path, status, startedAtMs, trail });
