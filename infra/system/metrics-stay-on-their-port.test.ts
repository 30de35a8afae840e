import { afterAll, beforeAll, expect, test } from "bun:test";
import { openRaw, statusesOf, toLines } from "testing/raw-connection";
import { scratchPostgres, scratchRedis } from "testing/scratch";
import { type ServiceUnderTest, startService } from "testing/service-under-test";

const services = new Map<string, ServiceUnderTest>();
const closing: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  const [redis, postgres] = await Promise.all([scratchRedis(), scratchPostgres(["leaderboard"])]);
  closing.push(postgres.dispose, redis.dispose);
  const env = { REDIS_URL: redis.url, POSTGRES_URL: postgres.url("leaderboard") };
  const start = async (name: "gateway" | "ranker" | "drainer", more: Record<string, string> = {}) => {
    const service = await startService(name, { ...env, ...more });
    closing.push(service.stop);
    services.set(name, service);
    return service;
  };
  const ranker = await start("ranker");
  await Promise.all([start("drainer"), start("gateway", { LEADERBOARD_SERVICE_URLS: ranker.url })]);
}, 60_000);
afterAll(async () => {
  for (const close of closing.reverse()) await close();
}, 30_000);

function named(name: string): ServiceUnderTest {
  const service = services.get(name);
  if (service === undefined) throw new Error(`${name} was not started`);
  return service;
}

const ask = (port: number | string, target: string) =>
  openRaw(Number(port), toLines(`GET ${target} HTTP/1.1`, "Host: x", "Connection: close", "")).ended;

const SPELLINGS = [
  "/.\\metrics",
  "/./metrics",
  "/%2e/metrics",
  "/x/../metrics",
  "/x\\..\\metrics",
  "/x/..\\metrics",
  "/%2e\\metrics",
  "/x/%2e%2e/metrics",
  "/x/.%2E/metrics",
  "/a/b/c/d/../../../../metrics",
  "/metrics#x",
  "/\\metrics",
  "/..\\metrics",
];

test.each(["gateway", "ranker", "drainer"])(
  "the metrics port of the %s serves its metrics and nothing else",
  async (name) => {
    const { metricsUrl } = named(name);
    const { port } = new URL(metricsUrl);
    const response = await fetch(metricsUrl);
    expect([response.status, response.headers.get("Content-Type")]).toEqual([
      200,
      expect.stringMatching(/^text\/plain/),
    ]);
    expect(await response.text()).toContain(`service="${name}"`);
    for (const target of ["/", "/health", "/top", "/players/ada", "/nothing"]) {
      expect([target, ...statusesOf(await ask(port, target))]).toEqual([target, 404]);
    }
    expect((await fetch(metricsUrl, { method: "POST" })).status).toBe(404);
  },
);

test.each(["gateway", "ranker", "drainer"])(
  "the public port of the %s serves no metrics under any spelling of the path",
  async (name) => {
    const { port } = named(name);
    for (const target of ["/metrics", "/%6detrics", "//metrics", "/metrics/", ...SPELLINGS]) {
      const received = await ask(port, target);
      expect([target, received.includes("service=")]).toEqual([target, false]);
      expect([target, ...statusesOf(received)]).toEqual([target, SPELLINGS.includes(target) ? 400 : 404]);
    }
  },
);
