import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createLog } from "shared/log";
import { createMetrics } from "shared/metrics";
import { createLimiter, type Limit } from "shared/rate-limit";
import type { Redis } from "shared/redis";
import { createTopology } from "shared/regions";
import { createTokens } from "shared/tokens";
import { scratchRedisClient } from "../../infra/embedded/scratch.ts";
import { flushAll, sizeOf } from "../../infra/embedded/whole-store.ts";
import { createApp } from "./app.ts";
import { toBlockList } from "./config.ts";
import { measureGateway } from "./metrics.ts";
import { createPool } from "./upstreams.ts";

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

const tokens = createTokens({
  ...{ secret: "a secret of the tests, 32 bytes and more", issuer: "leaderboard", audience: "leaderboard" },
  lifetimeSeconds: 60,
});
const plenty: Limit = { perSecond: 1000, burst: 1000 };

function build(limits: Partial<Record<"user" | "region" | "address", Limit>> = {}) {
  const lines: string[] = [];
  const log = createLog("gateway", "debug", { write: (line) => void lines.push(line) });
  const pool = createPool([`http://127.0.0.1:${ranker.port}`]);
  for (const upstream of pool.upstreams) upstream.isUp = true;
  const metrics = createMetrics("gateway");
  const measured = measureGateway(metrics, pool);
  const app = createApp({
    ...{ topology: createTopology(["EU", "NA"], 1, ["main"]), tokens, pool, log, metrics, measured },
    limiter: createLimiter({ onFallback: measured.onLimiterFallback }),
    stores: { home: redis, of: () => redis },
    limits: { user: plenty, region: plenty, address: plenty, ...limits },
    trustedProxies: toBlockList(["10.0.0.0/8"]),
    isStopping: () => false,
  });
  const request = (path: string, init: RequestInit = {}, peer = "203.0.113.9") =>
    Promise.resolve(app.request(path, init, { peer }));
  return { app, pool, lines, request };
}

const bearer = async (userId: string, region = "EU") => ({
  Authorization: `Bearer ${await tokens.issue({ userId, name: userId, region })}`,
});
const add = async (userId: string, headers: Record<string, string> = {}): Promise<RequestInit> => ({
  ...{ method: "POST", body: '{"delta":1}' },
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
    ["GET", "/metrics", 200],
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
    const { request } = build({ user: tight });
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
    expect(await from("1.1.1.1", "9.9.9.9")).toBe(429); // nobody's word but a proxy's
    for (const name of ["X-Real-IP", "X-Client-IP", "Forwarded", "True-Client-IP", "CF-Connecting-IP"]) {
      const init = { method: "POST", body: "{}", headers: { [name]: "9.9.9.9", "X-Forwarded-For": "9.9.9.9" } };
      expect((await request("/auth/login", init, "1.1.1.1")).status).toBe(429);
    }
    expect(await from("10.0.0.1", "2.2.2.2")).toBe(200);
    expect((await request("/auth/register", { method: "POST", body: "{}" }, "1.1.1.1")).status).toBe(429);
  });

  test("metrics count who was limited, by policy", async () => {
    const { request } = build({ user: { perSecond: 1, burst: 1 } });
    await request("/score/add", await add("ada"));
    await request("/score/add", await add("ada"));
    const metrics = await (await request("/metrics")).text();
    expect(metrics).toContain('gateway_rate_limited_total{policy="user",service="gateway"} 1');
    expect(metrics).toContain(`gateway_upstream_up{upstream="127.0.0.1:${ranker.port}",service="gateway"} 1`);
  });
});

test("the access log names route, upstream, player and time, and never a token", async () => {
  const { request, lines } = build();
  const init = await add("ada", { "X-Request-Id": "r-1" });
  await request("/score/add?secret=1", init);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    ...{ level: "info", msg: "request", request_id: "r-1", method: "POST", path: "/score/add", status: 200 },
    ...{ upstream: `127.0.0.1:${ranker.port}`, user_id: "ada", client: "203.0.113.9" },
    duration_ms: expect.any(Number),
  });
  expect(lines[0]).not.toContain("Bearer");
  expect(lines[0]).not.toContain("secret");
});

test("a refusal is in the access log as well", async () => {
  const { request, lines } = build();
  await request("/score/add", { method: "POST" });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ msg: "request", status: 401, path: "/score/add" }]);
});

test("answers are not cached and not guessed at", async () => {
  const { request } = build();
  for (const path of ["/top", "/nothing", "/health"]) {
    const { headers } = await request(path);
    expect([headers.get("Cache-Control"), headers.get("X-Content-Type-Options")]).toEqual(["no-store", "nosniff"]);
  }
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
