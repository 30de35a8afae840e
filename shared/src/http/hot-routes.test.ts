import { afterEach, describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { Problem } from "../api/problems.ts";
import type { RequestHead } from "../link/frames.ts";
import { createLog } from "../log/log.ts";
import type { Connection } from "../service/service.ts";
import type { Ended } from "./ended.ts";
import { createHotLane, type HotRoute, mountHotRoutes, putLaneBefore } from "./hot-routes.ts";
import { onProblem, onUnknownRoute, type RequestVariables, refuseAmbiguous, requestId } from "./http.ts";
import { around } from "./join-hooks.ts";
import { jsonReply } from "./reply.ts";
import { secureAnswers } from "./secure-headers.ts";

const log = createLog("test", "silent");
const routes: HotRoute[] = [
  {
    method: "GET",
    path: "/top",
    answer: async ({ path, query }) => jsonReply({ path, query }),
  },
  {
    method: "GET",
    path: "/rank/:userId",
    async answer({ param }) {
      if (param === "nobody") throw new Problem("not_ranked", "Nobody has no rank.");
      if (param === "broken") throw new TypeError("postgres://user:hunter2@db");
      return { status: 200, headers: { "x-param": param, "set-cookie": ["a=1", "b=2"] }, body: `"${param}"` };
    },
  },
  {
    method: "POST",
    path: "/add",
    answer: async ({ body, headers }) =>
      jsonReply({ size: (await body()).byteLength, type: headers.get("content-type") }, 201),
  },
];

let isStopping = false;
const ends: Ended[] = [];
afterEach(() => {
  isStopping = false;
  ends.length = 0;
});
const lane = createHotLane(routes, {
  log,
  isStopping: () => isStopping,
  onEnd: [(end) => void ends.push(end)],
  isLeft: ({ headers }) => headers.has("x-left"),
  onBegin({ trail }, connection) {
    trail.client = connection?.peer ?? "nobody";
  },
});

type Env = { Bindings: Partial<Connection>; Variables: RequestVariables };
function createApp(): Hono<Env> {
  const app = new Hono<Env>();
  app.use(around(requestId(), secureAnswers()), refuseAmbiguous());
  mountHotRoutes(app, routes);
  app.onError(onProblem(log));
  app.notFound(onUnknownRoute(app));
  return app;
}
const throughHono = createApp();
const beside = createApp();
putLaneBefore(beside, lane);

const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  new Request(`http://here${path}`, { method, headers: { "X-Request-Id": "r-1", ...headers } });
const post = (body: string, headers: Record<string, string> = {}) =>
  new Request("http://here/add", { method: "POST", body, headers: { "X-Request-Id": "r-1", ...headers } });

async function told(answer: Response | Promise<Response>) {
  const { status, headers } = await answer;
  return { status, headers: [...headers].sort(), body: await (await answer).text() };
}

describe("a request is answered by the lane as it is through Hono:", () => {
  test.each([
    ["a path", () => get("/top")],
    ["a query, as it was sent", () => get("/top?a=%20b&c&a=2")],
    ["a question mark alone", () => get("/top?")],
    ["a fragment, which is no part of a request", () => get("/rank/ada#x")],
    ["a fragment behind a query", () => get("/top?limit=5#x")],
    ["a parameter", () => get("/rank/ada")],
    ["a parameter that says anything", () => get("/rank/a:b;c@d!")],
    ["a problem", () => get("/rank/nobody")],
    ["an error that nobody expected", () => get("/rank/broken")],
    ["a body", () => post('{"n":1}', { "Content-Type": "application/json" })],
    ["a body that is too large", () => post("x".repeat(20_000), { "Content-Length": "20000" })],
    ["no body", () => post("")],
    ["an id that is none", () => get("/top", { "X-Request-Id": "a b" })],
  ])("%s", async (_, make) => {
    const [ours, theirs] = [await told(beside.fetch(make())), await told(throughHono.fetch(make()))];
    expect(ends).toHaveLength(1);
    const withoutNewId = (answer: typeof ours) => JSON.stringify(answer).replaceAll(/[0-9a-f-]{36}/g, "an id");
    expect(withoutNewId(ours)).toBe(withoutNewId(theirs));
  });
});

describe("what is rare is left to Hono:", () => {
  test.each([
    ["HEAD", () => get("/top", {}, "HEAD")],
    ["another method", () => get("/top", {}, "DELETE")],
    ["an unknown path", () => get("/tops")],
    ["a path below a route", () => get("/rank/ada/friends")],
    ["a path that ends too soon", () => get("/rank/")],
    ["an encoded path", () => get("/rank/%61da")],
    ["a host that is none", () => get("/top", { Host: "a, b" })],
    ["two lengths", () => post("{}", { "Content-Length": "2, 2" })],
    ["what the service leaves", () => get("/top", { "X-Left": "1" })],
  ])("%s", async (_, make) => {
    expect(lane.answer(make(), {})).toBeUndefined();
    expect(await told(beside.fetch(make()))).toEqual(await told(throughHono.fetch(make())));
    expect(ends).toEqual([]);
  });

  test("everything, once the service stops; what is under way then asks for another connection", async () => {
    const underWay = lane.answer(get("/top"), {});
    isStopping = true;
    expect((await underWay)?.headers.get("Connection")).toBe("close");
    expect(lane.answer(get("/top"), {})).toBeUndefined();
  });
});

test("an answer of one request changes no header of the next one's", async () => {
  const first = await beside.fetch(get("/rank/ada"));
  expect(first.headers.get("x-param")).toBe("ada");
  const second = await beside.fetch(get("/top", { "X-Request-Id": "r-2" }));
  expect([second.headers.get("x-param"), second.headers.get("x-request-id")]).toEqual([null, "r-2"]);
});

test("what happened to a request is told at its end", async () => {
  await beside.fetch(get("/rank/nobody"), { peer: "10.0.0.7" });
  const [end] = ends;
  expect(end).toMatchObject({
    requestId: "r-1",
    method: "GET",
    path: "/rank/nobody",
    route: "/rank/:userId",
    status: 404,
    trail: { client: "10.0.0.7" },
  });
  expect(end?.problem?.code).toBe("not_ranked");
});

describe("what comes by a link", () => {
  const ask = async (head: Partial<Record<"method" | "target", string>>, headers: string[] = [], body = "") => {
    const { method = "GET", target = "/top" } = head;
    const asked: RequestHead = [7, method, target, headers];
    return lane.answerLinked(asked, new TextEncoder().encode(body) as Uint8Array<ArrayBuffer>);
  };

  test("is answered as by HTTP, with the headers that are its own", async () => {
    const list = ["content-type", "application/json"];
    expect(await ask({ target: "/top?limit=3" })).toEqual({
      head: [7, 200, list],
      body: '{"path":"/top","query":"?limit=3"}',
    });
    expect(await ask({ target: "/rank/ada" })).toEqual({
      head: [7, 200, [...list, "x-param", "ada", "set-cookie", "a=1", "set-cookie", "b=2"]],
      body: '"ada"',
    });
    const sent = ["content-type", "text/plain", "x-request-id", "r-9"];
    expect(await ask({ method: "POST", target: "/add" }, sent, "four")).toEqual({
      head: [7, 201, list],
      body: '{"size":4,"type":"text/plain"}',
    });
  });

  test("is refused as by HTTP", async () => {
    const refused = await ask({ target: "/rank/nobody" }, ["x-request-id", "r-9"]);
    expect(refused?.head).toEqual([7, 404, ["content-type", "application/problem+json"]]);
    expect(JSON.parse(String(refused?.body))).toMatchObject({ code: "not_ranked", request_id: "r-9" });
    const tooLarge = await ask({ method: "POST", target: "/add" }, [], "x".repeat(20_000));
    expect(tooLarge?.head[1]).toBe(413);
  });

  test("is left to Hono where it is for no hot route", async () => {
    expect(await ask({ target: "/players/ada" })).toBeUndefined();
    expect(await ask({ method: "HEAD" })).toBeUndefined();
  });
});
