import type { OnEnd } from "shared/http/ended";
import { createLineWriter, type Log } from "shared/log/log";

// Asked several times a second by whoever watches the service.
const STATUS_ROUTES = new Set(["/health", "/ready"]);

/**
 * One line a request, at its end: who asked for what, which upstream answered, how long it took. Never a header, never a
 * query.
 */
export function logAccess(log: Log): OnEnd {
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
