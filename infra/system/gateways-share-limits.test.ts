import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { createTokens } from "shared/auth/tokens";
import { type ClientOptions, createClient } from "shared/client";
import { LeaderboardError } from "shared/client/errors";
import type { Redis } from "shared/redis/redis";
import { scratchRedisClient } from "testing/scratch";
import { JWT_SECRET, type ServiceUnderTest, startService } from "testing/service-under-test";
import { flushAll } from "testing/whole-store";

const GATEWAYS = 3;
const LIMITS = {
  user: { perSecond: 20, burst: 40 },
  region: { perSecond: 40, burst: 60 },
  address: { perSecond: 10, burst: 30 },
  read: { perSecond: 40, burst: 300 },
};
const CLIENTS_PER_GATEWAY = 6;
const HAMMER_MS = 1_500;

let store: Awaited<ReturnType<typeof scratchRedisClient>>;
let redis: Redis;
let ranker: ReturnType<typeof Bun.serve>;
let gateways: ServiceUnderTest[];
beforeAll(async () => {
  store = await scratchRedisClient();
  redis = store.redis;
  ranker = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => Response.json({}) });
  const rates = Object.entries(LIMITS).flatMap(([name, { perSecond, burst }]) => [
    [`RATE_${name.toUpperCase()}_PER_SECOND`, String(perSecond)],
    [`RATE_${name.toUpperCase()}_BURST`, String(burst)],
  ]);
  const env = {
    REDIS_URL: store.url,
    LEADERBOARD_SERVICE_URLS: `http://127.0.0.1:${ranker.port}`,
    LOG_LEVEL: "info",
    ...Object.fromEntries(rates),
  };
  gateways = await Promise.all(Array.from({ length: GATEWAYS }, () => startService("gateway", env)));
}, 20_000);
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await ranker.stop(true);
  await store.dispose();
});
beforeEach(() => flushAll(redis));

const tokens = createTokens({
  secret: JWT_SECRET,
  issuer: "leaderboard",
  audience: "leaderboard",
  lifetimeSeconds: 60,
});
const tokenOf = (userId: string) => tokens.issue({ userId, name: userId, region: "EU" });

/**
 * Sends request number `n` to a gateway. Resolves with the seconds of Retry-After; undefined where
 * it is let through.
 */
type Send = (url: string, n: number) => Promise<number | undefined>;

/** A client that does not retry. */
const clientAt = (url: string, options: Partial<ClientOptions> = {}) =>
  createClient({ url, retry: { attemptsMax: 1 }, ...options });

async function refusalOf(call: Promise<unknown>): Promise<number | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof LeaderboardError && error.code === "rate_limited") return error.retryAfter;
    throw error;
  }
}

const write =
  (bearers: readonly string[]): Send =>
  (url, n) =>
    refusalOf(clientAt(url, { token: bearers[n % bearers.length] ?? "" }).addScore({ delta: 1 }));

/** Logs in, each time as if from another address. */
const login: Send = (url, n) => {
  const address = { "X-Forwarded-For": `6.6.${(n >> 8) & 255}.${n & 255}` };
  const pretend = (target: string, init: RequestInit) =>
    fetch(target, { ...init, headers: { ...(init.headers as Record<string, string>), ...address } });
  return refusalOf(clientAt(url, { fetch: pretend }).login({ user_id: "ada" }));
};

const readRank: Send = (url) => refusalOf(clientAt(url).rank("ada"));

const SENDS: Record<string, Send> = { address: login, read: readRank };

/** Requests that the gateways counted themselves, because Redis did not answer in time. */
async function fallbacks(): Promise<number> {
  const metrics = await Promise.all(gateways.map(async ({ metricsUrl }) => (await fetch(metricsUrl)).text()));
  const counts = metrics.map((text) => Number(/^gateway_limiter_fallback_total\{[^}]*\} (\d+)$/m.exec(text)?.[1]));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Every client of every gateway sends its next request as soon as it is answered. */
async function hammer(send: Send): Promise<{ allowed: number; denied: number; seconds: number }> {
  let [n, allowed, denied] = [0, 0, 0];
  const startedAt = performance.now();
  const clients = gateways.flatMap(({ url }) => Array.from({ length: CLIENTS_PER_GATEWAY }, () => url));
  await Promise.all(
    clients.map(async (url) => {
      while (performance.now() - startedAt < HAMMER_MS) {
        if ((await send(url, n++)) === undefined) allowed++;
        else denied++;
      }
    }),
  );
  return { allowed, denied, seconds: (performance.now() - startedAt) / 1000 };
}

test("a gateway connects to Redis before it listens, so that Redis counts its first request", () => {
  for (const { lines } of gateways) {
    const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    expect(messages.filter((msg) => msg === "redis ready" || msg === "listening")).toEqual([
      "redis ready",
      "listening",
    ]);
  }
});

describe.each(Object.entries(LIMITS))("three gateways, one bucket by %s", (policy, { perSecond, burst }) => {
  let send: Send;
  beforeAll(async () => {
    const players = policy === "region" ? Array.from({ length: 50 }, (_, n) => `player-${n}`) : ["ada"];
    const bearers = await Promise.all(players.map(tokenOf));
    send = SENDS[policy] ?? write(bearers);
  });

  test("let through the burst and the refill together, and let a client in that waited Retry-After", async () => {
    let before: number;
    let result: Awaited<ReturnType<typeof hammer>>;
    do {
      await flushAll(redis);
      before = await fallbacks();
      result = await hammer(send);
    } while ((await fallbacks()) > before); // after a stall of the machine of 100 ms
    const { allowed, denied, seconds } = result;
    expect(denied).toBeGreaterThan(0);
    expect(allowed).toBeGreaterThanOrEqual(burst);
    const quota = burst + perSecond * seconds;
    // Reads settle with Redis in the background: a gateway that a busy machine holds up gives more
    // before it has settled.
    expect(allowed).toBeLessThan(policy === "read" ? 0.9 * GATEWAYS * quota : 1.05 * quota);

    // After the time that one gateway says, another one lets in. A read may be told to wait again:
    // the other gateway settles what it gave beyond the quota first.
    for (const [i, { url }] of gateways.entries()) {
      let retryAfter = await send(url, i);
      for (let n = 0; retryAfter === undefined && n < 2 * burst; n++) retryAfter = await send(url, i);
      expect(retryAfter).toBeGreaterThan(0);
      const waitsMax = policy === "read" ? 5 : 1;
      for (let waits = 0; retryAfter !== undefined && waits < waitsMax; waits++) {
        await delay(retryAfter * 1000);
        retryAfter = await send(gateways[(i + 1) % GATEWAYS]?.url ?? "", i);
      }
      expect(retryAfter).toBeUndefined();
    }
  }, 30_000);
});

test("without Redis each gateway counts by itself, and three let through three times the quota at the most", async () => {
  const { perSecond, burst } = LIMITS.user;
  const send = write([await tokenOf("bob")]);
  for (const { url } of gateways) expect(await send(url, 0)).toBeUndefined();
  await store.dispose();
  const { allowed, denied, seconds } = await hammer(send);
  expect(denied).toBeGreaterThan(0);
  expect(allowed).toBeGreaterThan(burst + perSecond * seconds);
  expect(allowed).toBeLessThanOrEqual(GATEWAYS * (burst + perSecond * seconds) * 1.05);
}, 30_000);
