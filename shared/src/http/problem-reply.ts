import { STATUS_CODES } from "node:http";
import { type Problem, toProblem } from "../api/problems.ts";
import type { Log } from "../log/log.ts";
import type { Incoming } from "./incoming.ts";
import type { HeaderRecord, Reply } from "./reply.ts";

/** The RFC 9457 document of a problem. */
export function problemReply(problem: Problem, requestId: string): Reply {
  const { status, code, message, errors, members, facts } = problem;
  const retryAfter = problem.headers["retry-after"];
  const body = JSON.stringify({
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    code,
    detail: message,
    request_id: requestId,
    // Generated clients show the body, and not the header.
    retry_after: retryAfter === undefined ? undefined : Number(retryAfter),
    errors,
    ...members,
  });
  const headers: HeaderRecord = { ...problem.headers, "content-type": "application/problem+json" };
  return facts === undefined ? { status, headers, body, problem } : { status, headers, body, problem, facts };
}

/** Anything that was thrown, as the reply to a request. */
export const toProblemReply = (error: unknown, { requestId }: Pick<Incoming, "requestId">): Reply =>
  problemReply(toProblem(error), requestId);

/** Logs a problem's cause, where there is one, beside the line of the access log. */
export function logProblem(log: Log, { code, status, message, cause }: Problem, incoming: Incoming): void {
  const { requestId, method, path } = incoming;
  const logged = { request_id: requestId, code, method, path };
  if (code === "internal") log.error({ ...logged, err: cause }, "request failed");
  else if (status >= 500 && cause !== undefined) log.warn({ ...logged, err: cause }, message);
  // A client's mistake is one short line: any client can make many, and choose what its token says.
  else if (cause instanceof Error) log.info({ ...logged, reason: cause.name }, message);
}
