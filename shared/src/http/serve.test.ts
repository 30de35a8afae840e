import { afterEach, describe, expect, test } from "bun:test";
import { Problem } from "../api/problems.ts";
import { createLog } from "../log/log.ts";
import { jsonReply } from "./reply.ts";
import { createServe, type Ended, mountRoutes, type Route } from "./serve.ts";

const lines: string[] = [];
const log = createLog("test", "info", { write: (line) => void lines.push(line) });
const routes: Route[] = [
  { method: "GET", path: "/top", handle: async ({ path, query }) => jsonReply({ path, query }) },
  {
    method: "GET",
    path: "/rank/:userId",
    async handle({ params: [param = ""] }) {
      if (param === "eve")
        throw new Problem("not_ranked", "Eve has no rank.", { facts: { upstream: "10.0.0.7:5000" } });
      if (param === "broken") throw new TypeError("postgres://user:hunter2@db");
      return { status: 200, headers: { "x-param": param, "set-cookie": ["a=1", "b=2"] }, body: `"${param}"` };
    },
  },
  {
    method: "POST",
    path: "/add",
    handle: async (incoming) =>
      jsonReply({ size: (await incoming.body()).byteLength, type: incoming.headers.get("content-type") }, 201),
  },
  { method: "GET", path: "/files/a.json", handle: async () => jsonReply("a") },
  { method: "GET", path: "/players/:userId/files/b.json", handle: async () => jsonReply("b") },
];

let isStopping = false;
const ends: Ended[] = [];
afterEach(() => {
  isStopping = false;
  ends.length = 0;
});
const { app, answerLinked } = mountRoutes(routes, {
  serve: createServe({
    log,
    onEnd: [(end) => void ends.push(end)],
    intercept: ({ headers }) => (headers.get("x-early") === null ? undefined : { status: 418, body: "early" }),
  }),
  isStopping: () => isStopping,
  clientOf: (connection) => ({ address: connection?.peer ?? "none", forwardedFor: "" }),
  headersFor: (headers) => (headers.has("origin") ? { "x-for-pages": "yes" } : {}),
});
const ask = async (path: string, init: RequestInit = {}, connection = {}) =>
  app.request(path, { ...init, headers: { "X-Request-Id": "r-1", ...init.headers } }, connection);

describe("by HTTP", () => {
  test("a path and its query arrive as they were sent, the parameter decoded", async () => {
    expect(await (await ask("/top?a=%20b&c&a=2")).json()).toEqual({ path: "/top", query: "?a=%20b&c&a=2" });
    expect(await (await ask("/top?limit=5#x")).json()).toEqual({ path: "/top", query: "?limit=5" });
    expect(await (await ask("/rank/a:b;c@%64!")).json()).toBe("a:b;c@d!");
  });

  test("an answer has the headers of all answers, its own, and those for pages", async () => {
    const { headers } = await ask("/rank/ada", { headers: { Origin: "https://a.example" } });
    expect(Object.fromEntries(headers)).toMatchObject({
      "x-request-id": "r-1",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      "x-param": "ada",
      "x-for-pages": "yes",
    });
    expect(headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  });

  test("an answer of one request changes no header of the next one's", async () => {
    await ask("/rank/ada");
    const { headers } = await ask("/top", { headers: { "X-Request-Id": "r-2" } });
    expect([headers.get("x-param"), headers.get("x-request-id")]).toEqual([null, "r-2"]);
  });

  test("HEAD has the headers of GET, with its length, and no body", async () => {
    const head = await ask("/rank/ada", { method: "HEAD" });
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "5", ""]);
    expect(head.headers.get("content-type")).toBe("application/json");
  });

  test.each([
    ["/tops", "GET", 404, null],
    ["/rank/ada/friends", "GET", 404, null],
    ["/rank/", "GET", 404, null],
    ["/top", "DELETE", 405, "GET, HEAD"],
    ["/add", "GET", 405, "POST"],
    ["/files/aXjson", "POST", 404, null],
    ["/files/a.json", "POST", 405, "GET, HEAD"],
    ["/players/ada/files/b.json", "POST", 405, "GET, HEAD"],
    ["/players/a/b/files/b.json", "POST", 404, null],
  ])("%s by %s is %i", async (path, method, status, allow) => {
    const response = await ask(path, { method });
    expect([response.status, response.headers.get("Allow")]).toEqual([status, allow]);
    expect(ends[0]?.route).toBe("/*");
  });

  test.each([
    ["a host that is none", { Host: "a, b" }, {}, "Host"],
    ["two lengths", { "Content-Length": "2, 2" }, {}, "Content-Length"],
    ["a path that another reader may understand differently", {}, { hasAmbiguousPath: true }, "path"],
  ])("%s is refused", async (_, headers: Record<string, string>, connection, field) => {
    const response = await ask("/top", { headers }, connection);
    expect([response.status, response.headers.get("Connection")]).toEqual([400, "close"]);
    expect(await response.json()).toMatchObject({ code: "invalid_request", errors: [{ field }] });
  });

  test("a service that stops asks for another connection", async () => {
    isStopping = true;
    expect((await ask("/top")).headers.get("Connection")).toBe("close");
  });

  test("a request id that is not well-formed is replaced", async () => {
    const { headers } = await ask("/top", { headers: { "X-Request-Id": "a b" } });
    expect(headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("by a link", () => {
  const asked = (target: string, { method = "GET", headers = [] as string[], body = "" } = {}) =>
    answerLinked({ method, target, headers, body: new TextEncoder().encode(body) });

  test("a request is answered by the same routes", async () => {
    expect(await asked("/top?limit=3")).toMatchObject({ status: 200, body: '{"path":"/top","query":"?limit=3"}' });
    expect(await asked("/rank/%61da")).toMatchObject({ status: 200, headers: { "x-param": "ada" } });
    const sent = { method: "POST", headers: ["content-type", "text/plain"], body: "four" };
    expect(await asked("/add", sent)).toMatchObject({ status: 201, body: '{"size":4,"type":"text/plain"}' });
  });

  test("it is refused in the same way, under its request id", async () => {
    const refused = await asked("/rank/eve", { headers: ["x-request-id", "r-9"] });
    expect(JSON.parse(String(refused.body))).toMatchObject({ code: "not_ranked", request_id: "r-9" });
    expect((await asked("/add", { method: "POST", body: "x".repeat(20_000) })).status).toBe(413);
    expect((await asked("/nothing")).status).toBe(404);
    expect((await asked("/add")).status).toBe(405);
  });

  test.each(["/x/../players/ada", "/x\\players", "/%2e/top", "/rank/%5cada", "/rank/..", "/rank/a%23b"])(
    "a target that a URL parser changes is refused: %s",
    async (target) => {
      expect(await asked(target)).toMatchObject({ status: 400, problem: { errors: [{ field: "path" }] } });
    },
  );

  test("a target that no URL parser changes is not", async () => {
    for (const target of ["/rank/ada?a=/../%41", "/rank/a.b", "/rank/..."]) {
      expect((await asked(target)).status).toBe(200);
    }
  });
});

describe("every request", () => {
  test("is told at its end, with its client, its route and what its handler found out", async () => {
    await ask("/rank/eve", {}, { peer: "10.0.0.7" });
    expect(ends).toMatchObject([
      {
        incoming: { requestId: "r-1", method: "GET", path: "/rank/eve", client: { address: "10.0.0.7" } },
        route: "/rank/:userId",
        reply: { status: 404, problem: { code: "not_ranked" }, facts: { upstream: "10.0.0.7:5000" } },
      },
    ]);
  });

  test("may be answered before its route", async () => {
    const response = await ask("/nothing", { headers: { "X-Early": "1" } });
    expect([response.status, await response.text(), ends.length]).toEqual([418, "early", 1]);
  });

  test("that fails for an unknown reason is internal: the client reads the request id, the log the reason", async () => {
    const response = await ask("/rank/broken");
    const text = await response.text();
    expect([response.status, JSON.parse(text)]).toMatchObject([500, { code: "internal", request_id: "r-1" }]);
    expect(text).not.toContain("hunter2");
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ level: "error", request_id: "r-1", path: "/rank/broken" });
  });
});
