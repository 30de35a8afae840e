import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Redis } from "shared/redis/redis";
import { scratchRedisClient } from "testing/scratch";
import { flushAll } from "testing/whole-store";
import { createLease, LEASE_RENEWAL_MS, LEASE_TTL_MS } from "./lease.ts";

let server: Awaited<ReturnType<typeof scratchRedisClient>>;
let redis: Redis;
beforeAll(async () => {
  server = await scratchRedisClient();
  redis = server.redis;
});
afterAll(() => server.dispose());
beforeEach(() => flushAll(redis));

test("one of two drainers holds the lease, and the other gets it after its release", async () => {
  const [a, b] = [createLease(redis, "lease", "a"), createLease(redis, "lease", "b")];
  expect([await a.hold(), await b.hold(), await a.hold()]).toEqual([true, false, true]);
  await a.release();
  expect([await b.hold(), await a.hold()]).toEqual([true, false]);
});

test("a lease expires", async () => {
  await createLease(redis, "lease", "a").hold();
  const ttl = await redis.pttl("lease");
  expect(ttl).toBeGreaterThan(0);
  expect(ttl).toBeLessThanOrEqual(LEASE_TTL_MS);
});

test("a drainer cannot release the lease of another", async () => {
  await createLease(redis, "lease", "a").hold();
  await createLease(redis, "lease", "b").release();
  expect(await redis.get("lease")).toBe("a");
});

test("a held lease asks Redis only when its renewal is due", async () => {
  let now = 1_000_000;
  const lease = createLease(redis, "lease", "a", () => now);
  await lease.hold();
  await redis.set("lease", "b"); // lost unnoticed
  now += LEASE_RENEWAL_MS - 1;
  expect(await lease.hold()).toBe(true);
  now += 1;
  expect(await lease.hold()).toBe(false);
});

test("whether it is held is told without asking Redis, so that nothing is taken by that", async () => {
  let now = 1_000_000;
  const lease = createLease(redis, "lease", "a", () => now);
  expect(lease.isHeld()).toBe(false);
  await lease.hold();
  now += LEASE_TTL_MS - 1;
  expect(lease.isHeld()).toBe(true);
  now += 1;
  expect(lease.isHeld()).toBe(false);
  await lease.hold();
  await lease.release();
  expect([lease.isHeld(), await redis.exists("lease")]).toEqual([false, 0]);
});

describe("after Redis' clock was set back by an hour", () => {
  const HOUR_MS = 3_600_000;
  /** Redis keeps the absolute expiry of a key: a clock that is set back prolongs it by as much. */
  const setClockBack = () => redis.pexpire("lease", LEASE_TTL_MS + HOUR_MS);

  test("the lease of a dead drainer or move is free at once", async () => {
    await createLease(redis, "lease", "dead").hold();
    await setClockBack();
    expect(await createLease(redis, "lease", "b").hold()).toBe(true);
    expect(await redis.pttl("lease")).toBeWithin(1, LEASE_TTL_MS + 1);
  });

  test("a living holder renews its lease with the usual TTL", async () => {
    let now = 0;
    const lease = createLease(redis, "lease", "a", () => now);
    await lease.hold();
    await setClockBack();
    now += LEASE_RENEWAL_MS;
    expect(await lease.hold()).toBe(true);
    expect(await createLease(redis, "lease", "b").hold()).toBe(false);
    expect(await redis.pttl("lease")).toBeWithin(1, LEASE_TTL_MS + 1);
  });
});

test("a drainer's wall clock that is set back does not delay the renewal", async () => {
  const { now } = Date;
  let stepMs = 0;
  Date.now = () => now() + stepMs;
  try {
    const lease = createLease(redis, "lease", "a");
    await lease.hold();
    await redis.set("lease", "b"); // lost unnoticed
    stepMs = -3_600_000;
    let isHeld = true;
    for (const until = performance.now() + 2 * LEASE_RENEWAL_MS; isHeld && performance.now() < until; ) {
      isHeld = await lease.hold();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(isHeld).toBe(false);
  } finally {
    Date.now = now;
  }
});
