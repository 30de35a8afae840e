import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Limit } from "shared/limits/policies";
import { createLog } from "shared/log/log";
import { connectRedis, type Redis } from "shared/redis/redis";
import { observeScripts } from "shared/redis/scripts/define-script";
import { scratchRedisClient } from "testing/scratch";
import { flushAll } from "testing/whole-store";
import { type GatewayUnderTest, startGatewayUnderTest } from "../../test/gateway-under-test.ts";

let server: Awaited<ReturnType<typeof scratchRedisClient>>;
let redis: Redis;
const down = connectRedis({ url: "redis://127.0.0.1:1", name: "down", log: createLog("test", "silent") });
let gateway: GatewayUnderTest;
beforeAll(async () => {
  server = await scratchRedisClient();
  redis = server.redis;
});
afterAll(() => {
  down.disconnect();
  return server.dispose();
});
beforeEach(() => flushAll(redis));
afterEach(() => gateway.close());

/** Another one for each gateway: what one has yet to settle is of no concern to the next. */
let client = "";
let clients = 0;

function start(read: Limit, store = redis): void {
  client = `198.51.100.${++clients % 256}`;
  gateway = startGatewayUnderTest({ redis: store, limits: { read } });
}
const ask = (path: string, peer = client, init?: RequestInit) => gateway.app.request(path, init, { peer });
const tight: Limit = { perSecond: 0.01, burst: 100 };

/**
 * What a request takes of a bucket that is less than half full, and so told; counted in the gateway
 * alone, to be exact.
 */
async function costOf(path: string, init?: RequestInit): Promise<number> {
  start(tight, down);
  for (let n = 0; n < 60; n++) await ask("/rank/ada");
  const { headers } = await ask(path, client, init);
  await gateway.close();
  return 40 - Number(/^"read";r=(\d+)/.exec(headers.get("RateLimit") ?? "")?.[1]);
}

describe("a read costs permits by its limit or range:", () => {
  test.each([
    ["/rank/ada", 1],
    ["/rank/ada?region=EU", 1],
    ["/top", 1],
    ["/top?limit=1", 1],
    ["/top?region=EU&limit=1000", 10],
    ["/top?limit=%31%30%30%30", 10],
    ["/top?limit=999999", 10],
    ["/top?limit=no", 1],
    ["/top?from=50001", 2],
    ["/top?limit=1000&%66rom=2", 11],
    ["/top?cursor=abc", 1],
    ["/around/ada", 3],
    ["/around/ada?range=1", 2],
    ["/around/ada?range=100&region=EU", 21],
    ["/around?score=5&range=100", 21],
    ["/players/ada/boards?boards=main", 1],
    ["/players/ada/boards?boards=main,weekly,daily", 3],
    ["/live", 10],
    ["/live/rank/ada", 10],
    ["/openapi.json", 5],
    ["/docs", 5],
    ["/docs/swagger-ui.css", 5],
  ])("%s: %d", async (path, permits) => {
    expect(await costOf(path)).toBe(permits);
    expect(await costOf(path, { method: "HEAD" })).toBe(permits);
  });

  test("the ranks of many players as much as ten", async () => {
    const headers = { "Content-Type": "application/json" };
    expect(await costOf("/ranks", { method: "POST", headers, body: JSON.stringify({ ids: ["ada"] }) })).toBe(10);
  });
});

test.each(["/top", "/rank/ada", "/around/ada?range=1", "/live", "/docs", "/openapi.json"])(
  "%s is 429 with Retry-After once the bucket of the network is empty, and reaches no ranker",
  async (path) => {
    start({ perSecond: 1, burst: 1 });
    const allowed = await ask(path);
    expect([allowed.status, allowed.headers.get("RateLimit-Policy")]).toEqual([200, '"read";q=1;w=1']);
    const { length } = gateway.arrived;
    const denied = await ask(path);
    expect([denied.status, denied.headers.get("Retry-After"), denied.headers.get("RateLimit")]).toEqual([
      429,
      "1",
      '"read";r=0;t=1',
    ]);
    expect(await denied.json()).toMatchObject({ code: "rate_limited" });
    expect(gateway.arrived).toHaveLength(length);
    expect((await ask(path, "192.0.2.2")).status).toBe(200);
  },
);

test("the busiest reads tell the limit once less than half of a bucket is left", async () => {
  start({ perSecond: 0.01, burst: 4 });
  const told = [];
  for (let n = 0; n < 5; n++) told.push((await ask("/rank/ada")).headers.get("RateLimit"));
  expect(told).toEqual([null, null, ...Array.from({ length: 3 }, () => expect.stringMatching(/^"read";r=[01];t=/))]);
});

test("routes of probes are not limited", async () => {
  start({ perSecond: 1, burst: 1 });
  await ask("/top");
  for (const path of ["/health", "/ready", "/metrics"]) expect((await ask(path)).headers.has("RateLimit")).toBe(false);
});

test("all networks of one household read twice as much as an address, and an IPv4 address has a bucket of its own", async () => {
  start({ perSecond: 0.01, burst: 10 });
  const statuses: number[] = [];
  for (let n = 0; n < 30; n++) statuses.push((await ask("/rank/ada", `2001:db8:1:${n.toString(16)}::1`)).status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(20);
  expect((await ask("/rank/ada", "2001:db8:2::1")).status).toBe(200);
  for (let n = 0; n < 10; n++) await ask("/rank/ada", "::1");
  expect((await ask("/rank/ada", "::1")).status).toBe(429);
  for (let n = 0; n < 8; n++) await ask("/rank/ada", n % 2 === 0 ? "::ffff:192.0.2.7" : "192.0.2.7");
  expect((await ask("/rank/ada", "::ffff:c000:207")).headers.get("RateLimit")).toMatch(/^"read";r=[01];/);
});

test("a read waits for no Redis command, and reads cause one command for each hundredth of the burst", async () => {
  start({ perSecond: 0.01, burst: 2_000 });
  let calls = 0;
  observeScripts(redis, () => void calls++);
  for (let n = 0; n < 19; n++) await ask("/rank/ada");
  expect(calls).toBe(0);
  for (let n = 0; n < 81; n++) await ask("/rank/ada");
  while (calls === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(calls).toBeLessThanOrEqual(5);
});

test("a writer's limits and a reader's are counted apart", async () => {
  start({ perSecond: 0.01, burst: 1 });
  await ask("/top");
  expect((await ask("/top")).status).toBe(429);
  const login = { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } };
  expect((await ask("/auth/login", client, login)).status).toBe(200);
});
