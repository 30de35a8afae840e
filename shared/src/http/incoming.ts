import type { Context } from "hono";
import type { RequestHead } from "../link/frames.ts";
import { readBody, refuseLarge } from "./body.ts";
import { fromHeaderList, type HeaderSource } from "./header-list.ts";
import type { RequestVariables } from "./http.ts";

/** A request, however it came: what a route needs of it, and no more. */
export interface Incoming {
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly target: string;
  /** The path that the route was found by: decoded. */
  readonly path: string;
  /** With its question mark, as it was sent; empty where there is none. */
  readonly query: string;
  /** What stands for the parameter of the route; empty where it has none. */
  readonly param: string;
  readonly requestId: string;
  readonly headers: HeaderSource;
  /** Read to its end. @throws Problem `body_too_large`, `request_timeout`, `invalid_request` */
  body(): Promise<Uint8Array<ArrayBuffer>>;
  /** What is found out about it on the way. */
  readonly trail: Trail;
}

/** What a gateway knows of a request beside what was asked for. */
export interface Trail {
  /** The address of whoever asks, seen through trusted proxies. */
  client?: string;
  /** What is passed on of where it came from, as `X-Forwarded-For`. */
  forwardedFor?: string;
  /** The address of whoever answered. */
  upstream?: string;
  userId?: string;
  operator?: string;
  /** Resolves when an answer that goes on and on has ended. */
  ended?: Promise<void>;
}

/** Path, and query with its question mark. */
export interface Target {
  path: string;
  query: string;
}

/** @param target `/top?limit=10` */
export function splitTarget(target: string): Target {
  const at = target.indexOf("?");
  return at < 0 ? { path: target, query: "" } : { path: target.slice(0, at), query: target.slice(at) };
}

/** `/top?limit=10` of an absolute URL, in which Bun leaves what stands behind a `#`. */
export function targetOf(url: string): string {
  const begin = url.indexOf("/", url.indexOf("//") + 2);
  const end = url.indexOf("#", begin);
  return end < 0 ? url.slice(begin) : url.slice(begin, end);
}

/** What a router has found out about a request. */
type Routed = Pick<Incoming, "target" | "path" | "query" | "param" | "requestId">;

/** By HTTP, around Hono. */
export const fromHttp = (raw: Request, { target, path, query, param, requestId }: Routed): Incoming => ({
  method: raw.method,
  target,
  path,
  query,
  param,
  requestId,
  headers: raw.headers,
  body: () => readBody(raw),
  trail: {},
});

/** By a link. */
export const fromLink = (
  [, method, , list]: RequestHead,
  bytes: Uint8Array<ArrayBuffer>,
  { target, path, query, param, requestId }: Routed,
): Incoming => ({
  method,
  target,
  path,
  query,
  param,
  requestId,
  headers: fromHeaderList(list),
  body: async () => refuseLarge(bytes),
  trail: {},
});

/** Through Hono. */
export function fromContext(c: Context): Incoming {
  const { raw, path, url } = c.req;
  const [param = ""] = Object.values(c.req.param());
  const target = targetOf(url);
  const { query } = splitTarget(target);
  const { requestId, trail = {} } = c.var as RequestVariables;
  return { ...fromHttp(raw, { target, path, query, param, requestId }), trail };
}
