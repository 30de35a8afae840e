import type { Context, ErrorHandler, Hono, MiddlewareHandler, Next, NotFoundHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import type { z } from "zod";
import { Problem, toInvalidRequest, toProblem, toProblemReply } from "../api/problems.ts";
import type { Log } from "../log/log.ts";
import type { Connection } from "../service/service.ts";
import type { Trail } from "./incoming.ts";
import type { Aspect } from "./join-hooks.ts";
import { toResponse } from "./reply.ts";

export interface RequestVariables {
  requestId: string;
  trail?: Trail;
}

/** What an app's environment must have for the functions of this file. */
interface RequestEnv {
  Variables: RequestVariables;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** The caller's `X-Request-Id` if it is well-formed, a new one otherwise. */
export const toRequestId = (given: string | null | undefined): string =>
  given != null && REQUEST_ID.test(given) ? given : crypto.randomUUID();

/** Gives every request an id. */
export const requestId = (): Aspect => ({
  before: (c) => c.set("requestId", toRequestId(c.req.header("X-Request-Id"))),
  // Not by c.header, which would make the whole answer anew.
  after: (c) => c.res.headers.set("X-Request-Id", c.get("requestId")),
});

// One host, with or without a port (RFC 9112, 3.2).
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/**
 * The part of a request that two readers could understand differently. Bun joins repeated header lines with commas; and a
 * request whose host is no host has its bare target for a URL, in which a router would look for the path behind any `://`.
 */
export function findAmbiguous(
  { url, headers }: Request,
  connection: Partial<Connection> | undefined,
): "Host" | "Content-Length" | "path" | undefined {
  const host = headers.get("Host");
  if (!/^https?:\/\//.test(url) || (host !== null && !HOST.test(host))) return "Host";
  if (connection?.hasAmbiguousPath === true) return "path";
  return headers.get("Content-Length")?.includes(",") === true ? "Content-Length" : undefined;
}

const AMBIGUOUS = {
  Host: "must name one host, in a request for a path",
  "Content-Length": "must be given once",
  path: "must have no \\, no # and no segments . and .., neither plain nor percent-encoded",
} as const;

/** @throws Problem `invalid_request` for what is ambiguous */
export function refuseAmbiguous(): MiddlewareHandler {
  return function refuseAmbiguousMiddleware(c, next) {
    const field = findAmbiguous(c.req.raw, c.env as Partial<Connection> | undefined);
    if (field === undefined) return next();
    const detail = field === "path" ? "The path is not valid." : `The header ${field} is not valid.`;
    throw new Problem("invalid_request", detail, {
      errors: [{ field, message: AMBIGUOUS[field] }],
      headers: { connection: "close" },
    });
  };
}

/** States the length of what `HEAD` leaves out, which would be 0 otherwise and must be that of `GET` (RFC 9110, 8.6). */
export function measureHead(): MiddlewareHandler {
  return function measureHeadMiddleware(c, next) {
    return c.req.method === "HEAD" ? measure(c, next) : next();
  };

  async function measure(c: Context, next: Next): Promise<void> {
    await next();
    if (c.res.headers.has("Content-Length")) return;
    const { byteLength } = await c.res.clone().arrayBuffer();
    c.res.headers.set("Content-Length", String(byteLength));
  }
}

/** Turns whatever was thrown into a problem document; the log keeps the cause, under the request's id. */
export function onProblem<E extends RequestEnv>(log: Log): ErrorHandler<E> {
  return (error, c) => {
    const problem = toAnsweredProblem(error);
    const id = c.get("requestId");
    logProblem(log, problem, { requestId: id, method: c.req.method, path: c.req.path });
    return toResponse(toProblemReply(problem, id));
  };
}

/** What the log keeps of a problem, beside the access log's line: the cause, where there is one. */
export function logProblem(
  log: Log,
  { code, status, message, cause }: Problem,
  { requestId: id, method, path }: { requestId: string; method: string; path: string },
): void {
  const logged = { request_id: id, code, method, path };
  if (code === "internal") log.error({ ...logged, err: cause }, "request failed");
  else if (status >= 500 && cause !== undefined) log.warn({ ...logged, err: cause }, message);
  // What a client did wrong is one short line: anybody can make as many as they like, of what is in their tokens.
  else if (cause instanceof Error) log.info({ ...logged, reason: cause.name }, message);
}

/** The problem that a client reads for what a handler threw. */
export const toAnsweredProblem = (error: unknown): Problem =>
  error instanceof HTTPException ? fromHonoError(error) : toProblem(error);

function fromHonoError(error: HTTPException): Problem {
  return error.status < 500
    ? new Problem("invalid_request", error.message, { cause: error })
    : new Problem("internal", "Something failed on our side.", { cause: error });
}

/** 404 for an unknown path, 405 with `Allow` for a known one asked with another method. Build it after the routes. */
export function onUnknownRoute<E extends RequestEnv>(app: Hono<E>): NotFoundHandler<E> {
  const routes = app.routes
    .filter((route) => route.method !== "ALL")
    .map(({ method, path }) => ({ method, pattern: toPattern(path) }));
  return (c) => {
    const methods = routes.filter(({ pattern }) => pattern.test(c.req.path)).map(({ method }) => method);
    if (methods.length === 0) throw new Problem("not_found", `There is no ${c.req.path} here.`);
    const allow = [...new Set(methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])))].join(", ");
    throw new Problem("method_not_allowed", `${c.req.path} takes ${allow}.`, { headers: { allow } });
  };
}

/** A router's path as a regular expression: a parameter is one segment, and everything else stands for itself. */
const toPattern = (path: string) =>
  new RegExp(
    `^${path
      .split(/:[A-Za-z]+/)
      .map((text) => RegExp.escape(text))
      .join("[^/]+")}$`,
  );

/** For zod-validator: a query or path parameter that fails its schema is the same `invalid_request` as a body. */
export function refuseInvalid(
  result: { success: true } | { success: false; error: z.core.$ZodError; target: string },
): void {
  if (!result.success) throw toInvalidRequest(result.error, result.target === "param" ? "path" : result.target);
}
