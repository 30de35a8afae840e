import type { Env, Hono } from "hono";
import { type Problem, toProblemReply } from "../api/problems.ts";
import type { AnswerHead, Parcel, RequestHead } from "../link/frames.ts";
import type { Log } from "../log/log.ts";
import type { Connection } from "../service/service.ts";
import type { OnEnd } from "./ended.ts";
import { type HeaderList, headerOf } from "./header-list.ts";
import { findAmbiguous, logProblem, toAnsweredProblem, toRequestId } from "./http.ts";
import { fromContext, fromHttp, fromLink, type Incoming, splitTarget, targetOf } from "./incoming.ts";
import { type Reply, toResponse } from "./reply.ts";

/** A route that nearly all requests are for. */
export interface HotRoute {
  readonly method: "GET" | "POST";
  /** As Hono has it; it may end with one parameter: `/rank/:userId`. */
  readonly path: string;
  /** @throws Problem */
  answer(incoming: Incoming): Promise<Reply>;
}

/** Answers what is for a hot route, and leaves all else. */
export interface HotLane {
  /** Nothing where the request is Hono's. */
  answer(request: Request, connection: Partial<Connection> | undefined): Promise<Response> | undefined;
  /** The same for what came by a link: a frame has neither a host nor lengths that could be ambiguous. */
  answerLinked(head: RequestHead, body: Uint8Array<ArrayBuffer>): Promise<Parcel<AnswerHead>> | undefined;
}

/** What surrounds hot routes. */
export interface HotLaneOptions {
  log: Log;
  isStopping: () => boolean;
  /** Leaves a request to Hono, for what is done there alone. */
  isLeft?: (request: Request) => boolean;
  /** Called with every request before its route is. Must not throw. */
  onBegin?: (incoming: Incoming, connection: Partial<Connection> | undefined) => void;
  onEnd: readonly OnEnd[];
}

const JSON_TYPE: HeaderList = ["content-type", "application/json"];

/**
 * A lane beside Hono for hot routes: without a router, middleware or a context, which take more of a request's time than
 * its answer does. What is done there around every request is done here by the same functions; what is rare goes there
 * (`HEAD`, an encoded path, a host that is none, a service that stops). The routes are Hono's as well: see
 * {@link mountHotRoutes}.
 */
export function createHotLane(routes: readonly HotRoute[], options: HotLaneOptions): HotLane {
  const { log, isStopping, isLeft = () => false, onBegin, onEnd } = options;
  const byPath = new Map(routes.map((route) => [`${route.method} ${route.path.replace(/:\w+$/, "")}`, route]));

  function find(method: string, path: string): { route: HotRoute; param: string } | undefined {
    if (isStopping() || path.includes("%")) return undefined;
    const exact = byPath.get(`${method} ${path}`);
    if (exact !== undefined && !path.endsWith("/")) return { route: exact, param: "" };
    const paramAt = path.lastIndexOf("/") + 1;
    const route = paramAt === path.length ? undefined : byPath.get(`${method} ${path.slice(0, paramAt)}`);
    return route && { route, param: path.slice(paramAt) };
  }

  /** @param send makes of the answer what goes out */
  async function serve<T>(route: HotRoute, incoming: Incoming, send: (reply: Reply, to: Incoming) => T): Promise<T> {
    const startedAtMs = performance.now();
    let status: number;
    let sent: T;
    let problem: Problem | undefined;
    try {
      const reply = await route.answer(incoming);
      status = reply.status;
      sent = send(reply, incoming);
    } catch (error) {
      problem = toAnsweredProblem(error);
      logProblem(log, problem, incoming);
      status = problem.status;
      sent = send(toProblemReply(problem, incoming.requestId), incoming);
    }
    const { requestId, method, path, trail } = incoming;
    const ended = { requestId, method, path, route: route.path, status, startedAtMs, problem, trail };
    for (const tell of onEnd) tell(ended);
    return sent;
  }

  function respond(reply: Reply, { requestId }: Incoming): Response {
    const response = toResponse(reply);
    response.headers.set("X-Request-Id", requestId);
    if (isStopping()) response.headers.set("Connection", "close");
    return response;
  }

  return {
    answer(raw, connection) {
      const target = targetOf(raw.url);
      const { path, query } = splitTarget(target);
      const found = find(raw.method, path);
      if (found === undefined || findAmbiguous(raw, connection) !== undefined || isLeft(raw)) return undefined;
      const requestId = toRequestId(raw.headers.get("x-request-id"));
      const incoming = fromHttp(raw, { target, path, query, param: found.param, requestId });
      onBegin?.(incoming, connection);
      return serve(found.route, incoming, respond);
    },

    answerLinked(head, body) {
      const [id, method, target, headers] = head;
      const { path, query } = splitTarget(target);
      const found = find(method, path);
      if (found === undefined) return undefined;
      const requestId = toRequestId(headerOf(headers, "x-request-id"));
      const incoming = fromLink(head, body, { target, path, query, param: found.param, requestId });
      return serve(found.route, incoming, (reply) => toParcel(id, reply));
    },
  };
}

function toParcel(id: number, { status, headers, body }: Reply): Parcel<AnswerHead> {
  // What every answer has, the gateway gives it anew.
  const list: HeaderList = headers !== undefined && "content-type" in headers ? [] : JSON_TYPE.slice();
  for (const name in headers) for (const value of [headers[name] ?? []].flat()) list.push(name, value);
  return { head: [id, status, list], body };
}

/** Makes hot routes Hono's, too. */
export function mountHotRoutes<E extends Env>(app: Hono<E>, routes: readonly HotRoute[]): void {
  for (const { method, path, answer } of routes) {
    app.on(method, path, async (c) => toResponse(await answer(fromContext(c))));
  }
}

/** Lets a lane answer what it can before the app does. */
export function putLaneBefore<E extends Env & { Bindings: Partial<Connection> }>(app: Hono<E>, lane: HotLane): void {
  const throughHono = app.fetch;
  app.fetch = (request, connection, ...rest) =>
    lane.answer(request, connection as Partial<Connection>) ?? throughHono(request, connection, ...rest);
}
