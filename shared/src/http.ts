import type { Context, ErrorHandler, Hono, MiddlewareHandler, Next, NotFoundHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import type { z } from "zod";
import type { Aspect } from "./around.ts";
import type { Log } from "./log.ts";
import { Problem, toInvalidRequest, toProblem, toProblemResponse } from "./problems.ts";

export const BODY_BYTES_MAX = 16 * 1024;
// 16 KiB in it is 26 kbit/s: a poor telephone line passes, a client that drips a byte now and then does not.
export const BODY_DEADLINE_MS = 5_000;

export interface RequestVariables {
  requestId: string;
}

/** What an app's environment must have for the functions of this file. */
interface RequestEnv {
  Variables: RequestVariables;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** Gives every request an id: the caller's `X-Request-Id` if it is well-formed, a new one otherwise. */
export const requestId = (): Aspect => ({
  before(c) {
    const given = c.req.header("X-Request-Id");
    c.set("requestId", given !== undefined && REQUEST_ID.test(given) ? given : crypto.randomUUID());
  },
  // Not by c.header, which would make the whole answer anew.
  after: (c) => c.res.headers.set("X-Request-Id", c.get("requestId")),
});

// One host, with or without a port (RFC 9112, 3.2).
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/**
 * Refuses what two readers could understand differently. Bun joins repeated header lines with commas; and a request
 * whose host is no host has its bare target for a URL, in which a router would look for the path behind any `://`.
 *
 * @throws Problem `invalid_request`
 */
export function refuseAmbiguous(): MiddlewareHandler {
  return function refuseAmbiguousMiddleware(c, next) {
    const host = c.req.header("Host");
    if (!/^https?:\/\//.test(c.req.url) || (host !== undefined && !HOST.test(host))) {
      throw toHeaderProblem("Host", "must name one host, in a request for a path");
    }
    if (c.req.header("Content-Length")?.includes(",") === true) {
      throw toHeaderProblem("Content-Length", "must be given once");
    }
    return next();
  };
}

const toHeaderProblem = (field: string, message: string) =>
  new Problem("invalid_request", `The header ${field} is not valid.`, {
    errors: [{ field, message }],
    headers: { Connection: "close" },
  });

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
    const logged = { request_id: id, code: problem.code, method: c.req.method, path: c.req.path };
    const { cause } = problem;
    if (problem.code === "internal") log.error({ ...logged, err: cause }, "request failed");
    else if (problem.status >= 500 && cause !== undefined) log.warn({ ...logged, err: cause }, problem.message);
    // What a client did wrong is one short line: anybody can make as many as they like, of what is in their tokens.
    else if (cause instanceof Error) log.info({ ...logged, reason: cause.name }, problem.message);
    return toProblemResponse(problem, id);
  };
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
    .map(({ method, path }) => ({ method, pattern: new RegExp(`^${path.replaceAll(/:[A-Za-z]+/g, "[^/]+")}$`) }));
  return (c) => {
    const methods = routes.filter(({ pattern }) => pattern.test(c.req.path)).map(({ method }) => method);
    if (methods.length === 0) throw new Problem("not_found", `There is no ${c.req.path} here.`);
    const allow = [...new Set(methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])))].join(", ");
    throw new Problem("method_not_allowed", `${c.req.path} takes ${allow}.`, { headers: { Allow: allow } });
  };
}

/**
 * The raw body, read to its end but beyond neither bound.
 *
 * @throws Problem `body_too_large`, `request_timeout`, or `invalid_request` where the client went away
 */
export async function readBody(request: Request, deadlineMs = BODY_DEADLINE_MS): Promise<Uint8Array<ArrayBuffer>> {
  const length = request.headers.get("Content-Length");
  if (Number(length ?? 0) > BODY_BYTES_MAX) throw tooLarge();
  return length === null ? readStream(request, deadlineMs) : readKnown(request, deadlineMs);
}

const tooLarge = () => new Problem("body_too_large", `A body may have at most ${BODY_BYTES_MAX} bytes.`);
const broken = () => new Problem("invalid_request", "The connection ended before the body was whole.");

function late(deadlineMs: number): Problem {
  const headers = { Connection: "close" };
  return new Problem("request_timeout", `A body must arrive within ${deadlineMs / 1000} seconds.`, { headers });
}

/** A body whose length is known beforehand, without the stream that costs more than the rest of a request. */
async function readKnown(request: Request, deadlineMs: number): Promise<Uint8Array<ArrayBuffer>> {
  const { promise: deadline, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(late(deadlineMs)), deadlineMs);
  const body = request.arrayBuffer().catch(() => {
    throw broken();
  });
  try {
    return new Uint8Array(await Promise.race([body, deadline]));
  } finally {
    clearTimeout(timer);
  }
}

async function readStream(request: Request, deadlineMs: number): Promise<Uint8Array<ArrayBuffer>> {
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    void reader.cancel(); // ends the read that waits
  }, deadlineMs);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      size += next.value.byteLength;
      if (size > BODY_BYTES_MAX) break;
      chunks.push(next.value);
    }
  } catch {
    throw broken();
  } finally {
    clearTimeout(timer);
  }
  if (isLate) throw late(deadlineMs);
  if (size > BODY_BYTES_MAX) {
    await reader.cancel();
    throw tooLarge();
  }
  return new Uint8Array(Buffer.concat(chunks, size));
}

// An integer that its text states exactly. 9007199254740991.4 would round to one, and be stored as what nobody sent.
const EXACT_INTEGER = /^-?\d+(\.0+)?([eE]\+?\d+)?$/;

function refuseRounded(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || !Number.isInteger(value)) return value;
  return EXACT_INTEGER.test(context?.source ?? "") ? value : Number.NaN;
}

/**
 * The JSON body, as `schema` describes it.
 *
 * @throws Problem `unsupported_media_type`, `body_too_large`, `invalid_json`, or `invalid_request` naming the fields
 */
export async function readJson<S extends z.ZodType>(c: Context, schema: S): Promise<z.output<S>> {
  refuseOtherTypes(c);
  return parseJson(await readBody(c.req.raw), schema);
}

/** The same where all fields may be left out, and the body with them. */
export async function readOptionalJson<S extends z.ZodType>(c: Context, schema: S): Promise<z.output<S>> {
  const bytes = await readBody(c.req.raw);
  if (bytes.length === 0) return schema.parse({});
  refuseOtherTypes(c);
  return parseJson(bytes, schema);
}

function refuseOtherTypes(c: Context): void {
  if (isPlainJson(c.req.header("Content-Type"), c.req.header("Content-Encoding"))) return;
  throw new Problem("unsupported_media_type", "Send JSON in UTF-8, with the header Content-Type: application/json.");
}

function parseJson<S extends z.ZodType>(bytes: Uint8Array, schema: S): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes), refuseRounded);
  } catch {
    throw new Problem("invalid_json", "The body is not JSON in UTF-8.");
  }
  const result = schema.safeParse(value, { error: inPlainWords });
  if (!result.success) throw toInvalidRequest(result.error, "body");
  return result.data;
}

function isPlainJson(contentType = "", contentEncoding = "identity"): boolean {
  const [mediaType, ...parameters] = contentType.split(";").map((part) => part.trim().toLowerCase());
  const isUtf8 = parameters.every((each) => !each.startsWith("charset") || /^charset="?utf-?8"?$/.test(each));
  return mediaType === "application/json" && isUtf8 && contentEncoding.toLowerCase() === "identity";
}

/** What a schema says where it has no words of its own. */
function inPlainWords({ code, input, expected }: z.core.$ZodRawIssue): string | undefined {
  if (code !== "invalid_type") return undefined;
  return input === undefined ? "is required" : `must be of type ${expected}`;
}

/** For zod-validator: a query or path parameter that fails its schema is the same `invalid_request` as a body. */
export function refuseInvalid(
  result: { success: true } | { success: false; error: z.core.$ZodError; target: string },
): void {
  if (!result.success) throw toInvalidRequest(result.error, result.target === "param" ? "path" : result.target);
}
