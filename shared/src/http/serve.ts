import { type Context, Hono } from "hono";
import { getPath, tryDecode } from "hono/utils/url";
import { Problem } from "../api/problems.ts";
import type { AnswerLinked } from "../link/server.ts";
import type { Log } from "../log/log.ts";
import { type Tracing, traceRequest } from "../tracing/tracing.ts";
import { ambiguousRequest } from "./ambiguous.ts";
import type { Incoming } from "./incoming.ts";
import { type Client, type Connection, HttpRequest, LinkedRequest, pathOf, UNKNOWN_CLIENT } from "./incoming.ts";
import { logProblem, toProblemReply } from "./problem-reply.ts";
import type { Reply } from "./reply.ts";
import { type HeaderRecord, toHeadReply, toResponse } from "./reply.ts";

/** Answers a request. @throws Problem */
export type Handle = (incoming: Incoming) => Promise<Reply>;

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** As Hono has it, with parameters: `/rank/:userId`. */
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
 * The one way of every request, by HTTP and by links: refusal of what is ambiguous, the route's
 * handler, problems, trace, metrics and logs.
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

export interface AppEnv {
  /** Absent in most tests. */
  Bindings: Partial<Connection>;
}
export type App = Hono<AppEnv>;

/** An interface that listens to nothing yet. */
export interface MountedApp {
  /** Answers requests by HTTP. */
  app: App;
  /** Answers requests by links, which have the same routes. */
  answerLinked: AnswerLinked;
}

export interface MountOptions {
  serve: Serve;
  isStopping: () => boolean;
  /** Where a request comes from. Unless given, requests have no client. */
  clientOf?: (connection: Partial<Connection> | undefined, headers: Headers) => Client;
  /** Headers of answers by HTTP, beside the reply's own. */
  headersFor?: ((headers: Headers) => HeaderRecord) | undefined;
  /** What the refusal of a method adds to its detail, with a space before it; empty for nothing. */
  hintFor?: ((incoming: Incoming) => string) | undefined;
}

/**
 * Mounts routes on Hono, each with one handler that calls `serve`: a chain of five middlewares
 * costs 16–23 µs a request, one handler 14–15. A request by a link finds its route by Hono's
 * router, too.
 */
export function mountRoutes(routes: readonly Route[], options: MountOptions): MountedApp {
  const { serve, isStopping, clientOf, headersFor, hintFor = () => "" } = options;
  const app: App = new Hono();
  const byHandler = new Map<unknown, { route: Route; names: readonly string[] }>();

  async function respond(
    route: Pick<Route, "path" | "handle">,
    c: Context<AppEnv>,
    params: readonly string[],
  ): Promise<Response> {
    const { raw, path } = c.req;
    const connection = c.env as AppEnv["Bindings"] | undefined;
    const client = clientOf?.(connection, raw.headers) ?? UNKNOWN_CLIENT;
    const incoming = new HttpRequest(raw, connection, { path, params }, client);
    const reply = await serve(route, incoming);
    const response = toResponse(raw.method === "HEAD" ? toHeadReply(reply) : reply);
    const { headers } = response;
    headers.set("X-Request-Id", incoming.requestId);
    if (isStopping()) headers.set("Connection", "close");
    const extra = headersFor?.(raw.headers);
    for (const name in extra) headers.append(name, String(extra[name]));
    return response;
  }

  for (const route of routes) {
    const names = Array.from(route.path.matchAll(/:(\w+)/g), ([, name = ""]) => name);
    const handler = (c: Context<AppEnv>) =>
      respond(
        route,
        c,
        names.map((name) => c.req.param(name as never) as string),
      );
    byHandler.set(handler, { route, names });
    app.on(route.method, route.path, handler);
  }
  const unknown = unknownRoute(routes, hintFor);
  app.notFound((c) => respond(unknown, c, []));
  app.onError((error) => {
    throw error;
  });

  return {
    app,
    answerLinked(linked) {
      const path = decodedPath(linked.target);
      const [[matched], values] = app.router.match(linked.method, path);
      const found = byHandler.get(matched?.[0][0]);
      if (matched === undefined || found === undefined) {
        return serve(unknown, new LinkedRequest(linked, { path, params: [] }));
      }
      const { route, names } = found;
      const params = names.map((name) => paramValue(matched[1][name], values));
      return serve(route, new LinkedRequest(linked, { path, params }));
    },
  };
}

/** The path as Hono decodes it before it asks its router. */
function decodedPath(target: string): string {
  const path = pathOf(target);
  return path.includes("%") ? getPath(new Request(`http://link${path}`)) : path;
}

/** A parameter's value: one router gives it, the other its place among the values. */
function paramValue(given: string | number | undefined, values: readonly string[] | undefined): string {
  const value = (typeof given === "number" ? values?.[given] : given) ?? "";
  return value.includes("%") ? tryDecode(value, decodeURIComponent) : value;
}

/** The methods that are taken where routes have these, each once: a GET takes HEAD as well. */
export const withHead = (methods: readonly Route["method"][]): string[] => [
  ...new Set(methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]))),
];

/** 404 for an unknown path, 405 with `Allow` for a known one that was asked with another method. */
function unknownRoute(
  routes: readonly Route[],
  hintFor: (incoming: Incoming) => string,
): Pick<Route, "path" | "handle"> {
  const patterns = routes.map(({ method, path }) => ({ method, pattern: toPattern(path) }));
  return {
    path: "/*",
    async handle(incoming) {
      const { path } = incoming;
      const methods = patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
      if (methods.length === 0) throw new Problem("not_found", `There is no ${path} here.`);
      const allow = withHead(methods).join(", ");
      throw new Problem("method_not_allowed", `${path} takes ${allow}.${hintFor(incoming)}`, { headers: { allow } });
    },
  };
}

/**
 * A router's path as a regular expression: a parameter is one segment, and everything else stands
 * for itself.
 */
const toPattern = (path: string) =>
  new RegExp(
    `^${path
      .split(/:[A-Za-z]+/)
      .map((text) => RegExp.escape(text))
      .join("[^/]+")}$`,
  );
