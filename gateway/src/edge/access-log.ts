import { STATUS_PATHS } from "shared/api/status";
import type { OnEnd } from "shared/http/serve";
import { createLineWriter, type Log } from "shared/log/log";

/**
 * Logs one line a request, at its end: who asked for what, which upstream answered, how long it
 * took. Never a header, never a query.
 */
export function logAccess(log: Log): OnEnd {
  const writeLine = createLineWriter(log);
  return ({ incoming: { requestId, method, path, client }, reply: { status, facts }, startedAtMs }) => {
    const level = STATUS_PATHS.has(path) ? "debug" : "info";
    const write = () =>
      writeLine(
        level,
        {
          request_id: requestId,
          method,
          path,
          status,
          duration_ms: Math.round((performance.now() - startedAtMs) * 100) / 100,
          client: client.address,
          upstream: facts?.upstream,
          user_id: facts?.userId,
          operator: facts?.operator,
          token_id: facts?.tokenId,
        },
        "request",
      );
    if (facts?.ended === undefined) write();
    else void facts.ended.then(write);
  };
}
