import { beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { type ClientOptions, createClient, LeaderboardError } from "leaderboard-client";
import { createTokens } from "shared/auth/tokens";
import { forFile } from "testing/for-file";
import { scratchRedisClient } from "testing/scratch";
import { sumMetric } from "testing/services/metrics";
import { startService } from "testing/services/service-under-test";
import { flushAll } from "testing/whole-store";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";

const GATEWAYS = 3;
const LIMITS = {
  user: { perSecond: 20, burst: 40 },
  region: { perSecond: 40, burst: 60 },
  address: { perSecond: 10, burst: 30 },
  read: { perSecond: 40, burst: 60 },
};
const CLIENTS_PER_GATEWAY = 6;
const HAMMER_MS = 1_500;
/** The least time between two tries of a gateway to pay Redis what it owes. */
const SETTLE_MS = 10;

const store = await forFile(scratchRedisClient());
const { redis } = store;
const ranker = await forFile(Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => Response.json({}) }));
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
const gateways = await Promise.all(Array.from({ length: GATEWAYS }, () => forFile(startService("gateway", env))));
beforeEach(() => flushAll(redis));

const tokens = createTokens(TOKEN_OPTIONS);
const tokenOf = (userId: string) => tokens.issue({ userId, name: userId, region: "EU" });

/**
 * Sends request number `n` to a gateway.
 *
 * @returns the seconds of Retry-After; undefined where it passes
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
  const counts = await Promise.all(
    gateways.map((each) => sumMetric(each, "leaderboard_gateway_limiter_fallback_total")),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

interface Tally {
  allowed: number;
  denied: number;
  seconds: number;
}

/**
 * Every client of every gateway sends its next request as soon as it is answered.
 *
 * @param options.settles whether a client of each gateway continues slowly until the gateway lets a
 *   request pass after a refusal. The gateway has then paid Redis for all requests it let pass.
 */
async function hammer(send: Send, { settles }: { settles: boolean }): Promise<Tally> {
  const tally = { allowed: 0, denied: 0, seconds: 0 };
  const startedAt = performance.now();
  let n = 0;
  const isAllowed = async (url: string) => {
    const passed = (await send(url, n++)) === undefined;
    tally[passed ? "allowed" : "denied"]++;
    return passed;
  };
  const clients = gateways.flatMap(({ url }) => Array.from({ length: CLIENTS_PER_GATEWAY }, () => url));
  await Promise.all(
    clients.map(async (url) => {
      while (performance.now() - startedAt < HAMMER_MS) await isAllowed(url);
    }),
  );
  const settle = async (url: string) => {
    while (await isAllowed(url));
    while (!(await isAllowed(url))) await delay(SETTLE_MS);
  };
  if (settles) await Promise.all(gateways.map(({ url }) => settle(url)));
  tally.seconds = (performance.now() - startedAt) / 1000;
  return tally;
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
    let tally: Tally;
    do {
      await flushAll(redis);
      before = await fallbacks();
      tally = await hammer(send, { settles: policy === "read" });
    } while ((await fallbacks()) > before); // after a stall of the machine of 100 ms
    expect(tally.denied).toBeGreaterThan(0);
    expect(tally.allowed).toBeGreaterThanOrEqual(burst);
    expect(tally.allowed).toBeLessThan(1.05 * (burst + perSecond * tally.seconds));

    // A read may have to wait again: the other gateway settles what it let pass beyond the quota
    // first.
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
  const { allowed, denied, seconds } = await hammer(send, { settles: false });
  expect(denied).toBeGreaterThan(0);
  expect(allowed).toBeGreaterThan(burst + perSecond * seconds);
  expect(allowed).toBeLessThanOrEqual(GATEWAYS * (burst + perSecond * seconds) * 1.05);
}, 30_000);
