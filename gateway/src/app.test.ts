import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import type { LimitName } from "shared/api/operation";
import { createTokens } from "shared/auth/tokens";
import { toResponse } from "shared/http/reply";
import type { Limit } from "shared/limits/policies";
import { createLog } from "shared/log/log";
import { createTopology } from "shared/model/regions";
import type { Redis } from "shared/redis/redis";
import { scratchRedisClient } from "testing/scratch";
import { flushAll, sizeOf } from "testing/whole-store";
import { buildGatewayUnderTest, TOKEN_OPTIONS } from "../test/gateway-under-test.ts";

let server: Awaited<ReturnType<typeof scratchRedisClient>>;
let redis: Redis;
beforeAll(async () => {
  server = await scratchRedisClient();
  redis = server.redis;
});
afterAll(() => server.dispose());

/** What reached the ranker, and a ranker that answers it. */
const arrived: { url: string; headers: Record<string, string> }[] = [];
let ranker: ReturnType<typeof Bun.serve>;
beforeEach(async () => {
  await flushAll(redis);
  arrived.length = 0;
  ranker = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      arrived.push({ url: request.url, headers: Object.fromEntries(request.headers) });
      return Response.json({ path: new URL(request.url).pathname });
    },
  });
});
afterEach(() => ranker.stop(true));

const tokens = createTokens(TOKEN_OPTIONS);

interface BuildOptions {
  urls?: string[];
  corsOrigins?: string[];
}

function build(limits: Partial<Record<LimitName, Limit>> = {}, { urls, corsOrigins = [] }: BuildOptions = {}) {
  const lines: string[] = [];
  const { app, pool, metrics } = buildGatewayUnderTest({
    redis,
    urls: urls ?? [`http://127.0.0.1:${ranker.port}`],
    topology: createTopology(["EU", "NA"], 1, ["main"]),
    revocations: new Set<string>(),
    limits,
    corsOrigins,
    trustedProxies: ["10.0.0.0/8"],
    log: createLog("gateway", "debug", { write: (line) => void lines.push(line) }),
  });
  const request = (path: string, init: RequestInit = {}, peer = "203.0.113.9") =>
    Promise.resolve(app.request(path, init, { peer }));
  return { app, pool, lines, request, registry: metrics };
}

const bearer = async (userId: string, region = "EU") => ({
  Authorization: `Bearer ${await tokens.issue({ userId, name: userId, region })}`,
});
const add = async (userId: string, headers: Record<string, string> = {}): Promise<RequestInit> => ({
  method: "POST",
  body: '{"delta":1}',
  headers: { "Content-Type": "application/json", ...(await bearer(userId)), ...headers },
});
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

describe("what reaches the ranker", () => {
  test("carries the request id, the client's address and the token", async () => {
    const { request } = build();
    const init = await add("ada", { "X-Request-Id": "r-1", "X-Forwarded-For": "6.6.6.6", "X-Real-IP": "6.6.6.6" });
    const response = await request("/score/add?x=1", init);
    expect([response.status, await response.json()]).toEqual([200, { path: "/score/add" }]);
    expect(response.headers.get("X-Request-Id")).toBe("r-1");
    expect(response.headers.get("X-Upstream-Addr")).toBe(`127.0.0.1:${ranker.port}`);
    const headers = arrived[0]?.headers;
    expect(headers).toMatchObject({
      "x-request-id": "r-1",
      "x-forwarded-for": "203.0.113.9",
      "x-real-ip": "203.0.113.9",
    });
    expect(headers?.authorization).toStartWith("Bearer ");
    expect(arrived[0]?.url).toEndWith("/score/add?x=1");
  });

  test.each(["/top?limit=5", "/rank/ada", "/around/ada?region=EU"])(
    "GET %s needs no token and no tokens",
    async (path) => {
      const { request } = build({ user: { perSecond: 1, burst: 1 }, address: { perSecond: 1, burst: 1 } });
      for (let n = 0; n < 3; n++) expect((await request(path)).status).toBe(200);
      expect(arrived).toHaveLength(3);
    },
  );

  test.each([
    ["GET", "/metrics", 404],
    ["GET", "/health", 200],
    ["GET", "/nothing", 404],
    ["GET", "/top/", 404],
    ["GET", "//evil/top", 404],
    ["DELETE", "/top", 405],
    ["GET", "/auth/login", 405],
  ])("is not %s %s", async (method, path, status) => {
    expect((await build().request(path, { method })).status).toBe(status);
    expect(arrived).toHaveLength(0);
  });

  test("is not a body of 17 KiB", async () => {
    const init = { ...(await add("ada")), body: "x".repeat(17 * 1024) };
    const response = await build().request("/score/add", init);
    expect([response.status, await codeOf(response)]).toEqual([413, "body_too_large"]);
    expect(arrived).toHaveLength(0);
  });
});

test("a write whose Idempotency-Key its own Connection header ends is sent once, also when it fails", async () => {
  let sent = 0;
  const breaking = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      sent++;
      socket.destroy();
    });
  });
  await new Promise<void>((listening) => breaking.listen(0, "127.0.0.1", listening));
  const address = breaking.address();
  const port = typeof address === "object" ? address?.port : 0;
  const { request } = build({}, { urls: [`http://127.0.0.1:${port}`, `http://localhost:${port}`] });
  const key = { "Idempotency-Key": "k" };
  await request("/score/add", await add("ada", key));
  expect(sent).toBe(2);
  const response = await request("/score/add", await add("ada", { ...key, Connection: "Idempotency-Key" }));
  expect([sent, response.status, await codeOf(response)]).toEqual([3, 503, "outcome_unknown"]);
  breaking.close();
});

describe("without a token that is valid here", () => {
  test.each([
    ["no header", {}, "missing_token"],
    ["another scheme", { Authorization: "Basic YTpi" }, "missing_token"],
    ["what is no token", { Authorization: "Bearer a.b.c" }, "invalid_token"],
  ])("%s: a write is 401 and goes nowhere", async (_, headers: Record<string, string>, code) => {
    for (const route of ["create", "update", "add"]) {
      const response = await build().request(`/score/${route}`, { method: "POST", headers, body: "{}" });
      expect([response.status, await codeOf(response)]).toEqual([401, code]);
    }
    expect(arrived).toHaveLength(0);
    expect(await sizeOf(redis)).toBe(0);
  });

  test("a region that is not configured is no valid token", async () => {
    const headers = await bearer("ada", "MARS");
    expect((await build().request("/score/add", { method: "POST", headers, body: "{}" })).status).toBe(401);
  });
});

describe("limits", () => {
  const tight = { perSecond: 1, burst: 2 };

  test("one player's writes: 429 with Retry-After, and another player is not concerned", async () => {
    const { request } = build({ user: tight, region: { perSecond: 1000, burst: 1000 } });
    for (const left of [1, 0]) {
      const allowed = await request("/score/add", await add("ada"));
      expect(allowed.headers.get("RateLimit-Policy")).toBe('"user";q=2;w=2, "region";q=1000;w=1');
      expect(allowed.headers.get("RateLimit")).toMatch(
        new RegExp(`^"user";r=${left};t=${2 - left}, "region";r=99\\d;t=1$`),
      );
    }
    const denied = await request("/score/add", await add("ada"));
    expect(denied.headers.get("Retry-After")).toBe("1");
    expect(denied.headers.get("RateLimit")).toStartWith('"user";r=0;t=2');
    expect([denied.status, await codeOf(denied)]).toEqual([429, "rate_limited"]);
    expect((await request("/score/add", await add("bob"))).status).toBe(200);
    expect(arrived).toHaveLength(3);
  });

  test("a request that is refused for another reason has the rate limit headers, too", async () => {
    const { request } = build({ user: tight, address: tight });
    const body = "x".repeat(20_000);
    const written = await request("/score/add", { ...(await add("ada")), body });
    expect([written.status, written.headers.get("RateLimit")?.slice(0, 14)]).toEqual([413, '"user";r=1;t=1']);
    const login = await request("/auth/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });
    expect([login.status, login.headers.get("RateLimit")]).toEqual([413, '"address";r=1;t=1']);
  });

  test("a region's writes together", async () => {
    const { request } = build({ region: tight });
    const statuses = [];
    for (const id of ["a", "b", "c"]) statuses.push((await request("/score/add", await add(id))).status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  test("registrations and logins together, by the address behind trusted proxies", async () => {
    const { request } = build({ address: tight });
    const from = async (peer: string, forwardedFor = "") => {
      const init = { method: "POST", body: "{}", headers: { "X-Forwarded-For": forwardedFor } };
      return (await request("/auth/login", init, peer)).status;
    };
    expect([await from("1.1.1.1"), await from("1.1.1.1"), await from("1.1.1.1")]).toEqual([200, 200, 429]);
    expect(await from("1.1.1.1", "9.9.9.9")).toBe(429); // only a proxy's word counts
    for (const name of ["X-Real-IP", "X-Client-IP", "Forwarded", "True-Client-IP", "CF-Connecting-IP"]) {
      const init = { method: "POST", body: "{}", headers: { [name]: "9.9.9.9", "X-Forwarded-For": "9.9.9.9" } };
      expect((await request("/auth/login", init, "1.1.1.1")).status).toBe(429);
    }
    expect(await from("10.0.0.1", "2.2.2.2")).toBe(200);
    expect((await request("/auth/register", { method: "POST", body: "{}" }, "1.1.1.1")).status).toBe(429);
  });

  test("registrations of one network by a limit of their own, beside that of the address", async () => {
    const { request } = build({ registration: tight });
    const register = (peer: string) => request("/auth/register", { method: "POST", body: "{}" }, peer);
    const first = await register("1.1.1.1");
    expect(first.headers.get("RateLimit")).toBe('"address";r=999999;t=1, "registration";r=1;t=1');
    await register("1.1.1.1");
    const denied = await register("1.1.1.1");
    expect([denied.status, await codeOf(denied)]).toEqual([429, "rate_limited"]);
    expect((await request("/auth/login", { method: "POST", body: "{}" }, "1.1.1.1")).status).toBe(200);
    expect((await register("1.1.1.2")).status).toBe(200);
    expect((await request("/auth/guest", { method: "POST", body: "{}" }, "1.1.1.1")).status).toBe(429);
  });

  test.each(["/auth/register", "/auth/login"])(
    "%s: all networks of one household have twice the limit of an address",
    async (path) => {
      const { request } = build({ address: tight });
      const statuses: number[] = [];
      for (let n = 0; n < 10; n++) {
        statuses.push((await request(path, { method: "POST", body: "{}" }, `2001:db8:1:${n}::1`)).status);
      }
      expect(statuses.filter((status) => status === 200)).toHaveLength(4);
      expect((await request(path, { method: "POST", body: "{}" }, "2001:db8:2::1")).status).toBe(200);
    },
  );

  test("metrics count who was limited, by policy", async () => {
    const { request, registry } = build({ user: { perSecond: 1, burst: 1 } });
    await request("/score/add", await add("ada"));
    await request("/score/add", await add("ada"));
    const metrics = await registry.metrics();
    expect(metrics).toContain('leaderboard_gateway_rate_limited_total{policy="user",component="gateway"} 1');
    expect(metrics).toContain(
      `leaderboard_gateway_upstream_up{upstream="127.0.0.1:${ranker.port}",component="gateway"} 1`,
    );
  });
});

test("the access log names route, upstream, player and time, and never a token", async () => {
  const { request, lines } = build();
  const init = await add("ada", { "X-Request-Id": "r-1" });
  await request("/score/add?secret=1", init);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: "info",
    msg: "request",
    request_id: "r-1",
    method: "POST",
    path: "/score/add",
    status: 200,
    upstream: `127.0.0.1:${ranker.port}`,
    user_id: "ada",
    client: "203.0.113.9",
    duration_ms: expect.any(Number),
  });
  expect(lines[0]).not.toContain("Bearer");
  expect(lines[0]).not.toContain("secret");
});

test("a path with line ends in it is one line of the access log", async () => {
  const { request, lines } = build();
  await request("/a%0d%0a%7B%22level%22:%22fatal%22%7D%1b");
  expect(
    lines
      .join("")
      .trimEnd()
      .split(/[\r\n]/),
  ).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "info", path: '/a\r\n{"level":"fatal"}\u001b' });
});

test("a refusal is in the access log as well", async () => {
  const { request, lines } = build();
  await request("/score/add", { method: "POST" });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ msg: "request", status: 401, path: "/score/add" }]);
});

describe("what a browser may make of an answer", () => {
  const secure = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  };

  test.each([
    ["GET", "/top"],
    ["HEAD", "/top"],
    ["GET", "/health"],
    ["GET", "/nothing"],
    ["DELETE", "/top"],
    ["POST", "/score/add"],
    ["OPTIONS", "/top"],
  ])("%s %s: nothing runs, is kept, framed or guessed at, and nothing says what served it", async (method, path) => {
    const { headers } = await build().request(path, { method });
    expect(Object.fromEntries(headers)).toMatchObject(secure);
    // The TLS proxy sends Strict-Transport-Security, not the gateway: the header covers the whole
    // host, and browsers ignore it over plain HTTP.
    expect([headers.get("Strict-Transport-Security"), headers.get("Server"), headers.get("X-Powered-By")]).toEqual([
      null,
      null,
      null,
    ]);
  });

  test("a route may say it otherwise, as a page must", async () => {
    const policy = { "content-security-policy": "default-src 'self'" };
    const { headers } = toResponse({ status: 200, headers: policy, body: "<p>" });
    expect(Object.fromEntries(headers)).toMatchObject({ ...secure, "content-security-policy": "default-src 'self'" });
  });
});

test("health lists the upstreams; ready asks for one that is up", async () => {
  const { request, pool } = build();
  const upstreams = [{ address: `127.0.0.1:${ranker.port}`, up: true }];
  expect(await (await request("/health")).json()).toEqual({ status: "ok", upstreams });
  expect((await request("/ready")).status).toBe(200);
  for (const upstream of pool.upstreams) upstream.isUp = false;
  const ready = await request("/ready");
  expect([ready.status, await ready.json()]).toMatchObject([
    503,
    { status: "unavailable", upstreams: [{ up: false }] },
  ]);
  const top = await request("/top");
  expect([top.status, await codeOf(top)]).toEqual([503, "no_upstream"]);
});

describe("pages of other origins", () => {
  const preflight = (origin: string): RequestInit => ({
    method: "OPTIONS",
    headers: {
      Origin: origin,
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "authorization,content-type",
    },
  });
  const tight = { perSecond: 1, burst: 1 };

  test.each<[string[], string, string | null]>([
    [[], "https://play.example", null],
    [["https://play.example"], "https://play.example", "https://play.example"],
    [["https://a.example", "http://localhost:5173"], "http://localhost:5173", "http://localhost:5173"],
    [["https://play.example"], "http://play.example", null],
    [["https://play.example"], "https://play.example:8443", null],
    [["https://play.example"], "https://play.example.evil.example", null],
    [["https://play.example"], "https://PLAY.example", null],
    [["https://play.example"], "null", null],
    [["*"], "https://anybody.example", "*"],
    [["*"], "null", "*"],
  ])("where CORS_ORIGINS is %p, %s is told %p, by every answer", async (corsOrigins, origin, told) => {
    const { request } = build({}, { corsOrigins });
    for (const path of ["/top", "/health", "/nothing"]) {
      const { headers } = await request(path, { headers: { Origin: origin } });
      expect(headers.get("Access-Control-Allow-Origin")).toBe(told);
      expect(headers.get("Access-Control-Allow-Credentials")).toBeNull();
      // A cache must not show one origin's answer to another.
      expect(headers.get("Vary")).toBe(corsOrigins.length > 0 && corsOrigins[0] !== "*" ? "Origin" : null);
    }
    const { status, headers } = await request("/score/add", preflight(origin));
    expect([status, headers.get("Access-Control-Allow-Origin")]).toEqual([told === null ? 405 : 204, told]);
  });

  test("a preflight needs no token, takes none from a bucket, and is answered here", async () => {
    const { request } = build({ user: tight, region: tight, address: tight }, { corsOrigins: ["https://a.example"] });
    for (const path of ["/score/add", "/auth/login", "/top", "/rank/ada", "/nothing", "/%zz", "//"]) {
      for (let n = 0; n < 3; n++) {
        const response = await request(path, preflight("https://a.example"));
        expect([path, response.status, await response.text()]).toEqual([path, 204, ""]);
        expect(Object.fromEntries(response.headers)).toMatchObject({
          "access-control-allow-origin": "https://a.example",
          "access-control-allow-methods": "GET,HEAD,POST,PATCH,PUT,DELETE",
          "access-control-allow-headers":
            "Authorization,Content-Type,Idempotency-Key,If-Match,If-None-Match,Last-Event-ID,X-Request-Id,traceparent",
          "access-control-max-age": "600",
          "x-request-id": expect.any(String),
        });
      }
    }
    expect([arrived, await redis.dbsize()]).toEqual([[], 0]);
  });

  test.each([[[]], [["https://other.example"]]])(
    "where CORS_ORIGINS is %j, the preflight of another origin is refused with the variable to set",
    async (corsOrigins) => {
      const { request } = build({}, { corsOrigins });
      for (const [path, allow] of [
        ["/score/add", "POST"],
        ["/players/ada", "GET, HEAD, DELETE"],
      ] as const) {
        const refused = await request(path, preflight("https://play.example"));
        expect([refused.status, refused.headers.get("Allow")]).toEqual([405, allow]);
        const { code, detail } = (await refused.json()) as { code: string; detail: string };
        expect(code).toBe("method_not_allowed");
        expect(detail).toStartWith(`${path} takes ${allow}. `);
        expect(detail).toInclude("CORS_ORIGINS");
      }
      const other = (await (await request("/score/add", { method: "OPTIONS" })).json()) as { detail: string };
      expect(other.detail).toBe("/score/add takes POST.");
      expect((await request("/nothing", preflight("https://play.example"))).status).toBe(404);
    },
  );

  test("a page may read why it was refused, and for how long", async () => {
    const { request } = build({ user: tight }, { corsOrigins: ["https://a.example"] });
    await request("/score/add", await add("ada", { Origin: "https://a.example" }));
    const { status, headers } = await request("/score/add", await add("ada", { Origin: "https://a.example" }));
    expect([status, headers.get("Access-Control-Allow-Origin")]).toEqual([429, "https://a.example"]);
    expect(headers.get("Access-Control-Expose-Headers")).toBe(
      "X-Request-Id,X-Upstream-Addr,Retry-After,RateLimit,RateLimit-Policy,Idempotent-Replayed,ETag",
    );
  });
});

describe("operators", () => {
  const asOperator = async () => ({ Authorization: `Bearer ${await tokens.issueOperator({ name: "root" }, 60)}` });

  test("reach the ranker through buckets of their own, and the access log says who", async () => {
    const { request, lines } = build({ operator: { perSecond: 1, burst: 2 }, address: { perSecond: 1, burst: 1 } });
    const statuses: number[] = [];
    for (const method of ["DELETE", "GET", "DELETE"]) {
      statuses.push((await request("/players/ada", { method, headers: await asOperator() })).status);
    }
    expect(statuses).toEqual([200, 200, 429]);
    expect(arrived.map(({ url }) => new URL(url).pathname)).toEqual(["/players/ada", "/players/ada"]);
    expect(lines.map((line) => JSON.parse(line)).at(0)).toMatchObject({ operator: "root", method: "DELETE" });
  });

  test("a role that is too low is refused before the ranker, and the access log has the token's id", async () => {
    const { request, lines } = build();
    const operator = { name: "support", role: "reader", tokenId: "0000000000000001" } as const;
    const headers = { Authorization: `Bearer ${await tokens.issueListed(operator, 60)}` };
    expect(await codeOf(await request("/players/ada", { method: "DELETE", headers }))).toBe("role_required");
    expect((await request("/players/ada", { headers })).status).toBe(200);
    expect(arrived).toHaveLength(1);
    const logged = { operator: "support", token_id: operator.tokenId };
    const requests = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "request");
    expect(requests).toMatchObject([
      { ...logged, status: 403 },
      { ...logged, status: 200 },
    ]);
  });

  test("an operator's act that may be repeated goes to another ranker when the first one breaks off; a score without a key does not", async () => {
    const breaking = createServer((socket) => socket.once("data", () => socket.destroy()).on("error", () => {}));
    await new Promise<void>((listening) => breaking.listen(0, "127.0.0.1", listening));
    const address = breaking.address();
    const first = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    for (const [act, statuses] of [
      ["hide", [200, 200]],
      ["unhide", [200, 200]],
      ["score", [503, 200]],
    ] as const) {
      const { request } = build({}, { urls: [first, `http://127.0.0.1:${ranker.port}`] });
      // Round robin: one of two requests reaches the ranker that breaks off.
      const found: number[] = [];
      for (const _ of statuses) {
        const init = { method: "POST", headers: { "Content-Type": "application/json", ...(await asOperator()) } };
        found.push((await request(`/players/ada/${act}`, { ...init, body: "{}" })).status);
      }
      expect([act, found.toSorted((a, b) => b - a)]).toEqual([act, [...statuses]]);
    }
    breaking.close();
  });

  test("a score for a named player takes an operator's permits from the operator, and a player's from the player", async () => {
    const { request, lines } = build({ operator: { perSecond: 1, burst: 1 }, user: { perSecond: 1, burst: 2 } });
    const body = JSON.stringify({ user_id: "ada", region: "EU", score: 5 });
    const send = (headers: Record<string, string>) =>
      request("/score", { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body });
    const statuses = { operator: [] as number[], player: [] as number[] };
    for (let n = 0; n < 3; n++) {
      statuses.operator.push((await send(await asOperator())).status);
      statuses.player.push((await send(await bearer("ada"))).status);
    }
    expect(statuses).toEqual({ operator: [200, 429, 429], player: [200, 200, 429] });
    const logged = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "request");
    expect(logged.slice(0, 2)).toMatchObject([{ operator: "root" }, { user_id: "ada" }]);
    expect((await send({})).status).toBe(401);
  });

  test("players and callers without a token do not reach them", async () => {
    const { request } = build();
    const player = await tokens.issue({ userId: "ada", name: "Ada", region: "EU" });
    const headers = { Authorization: `Bearer ${player}` };
    expect((await request("/players/ada", { method: "DELETE", headers })).status).toBe(403);
    for (const act of ["score", "hide", "unhide"]) {
      expect((await request(`/players/ada/${act}`, { method: "POST", headers })).status).toBe(403);
    }
    expect((await request("/players/ada", { method: "DELETE" })).status).toBe(401);
    expect((await request("/score/add", { method: "POST", headers: await asOperator() })).status).toBe(403);
    expect(arrived).toEqual([]);
  });
});
