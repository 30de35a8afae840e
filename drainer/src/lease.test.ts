import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { Redis } from "shared/redis";
import { scratchRedisClient } from "../../infra/embedded/scratch.ts";
import { flushAll } from "../../infra/embedded/whole-store.ts";
import { createLease, LEASE_RENEWAL_MS, LEASE_TTL_MS } from "./lease.ts";

let server: Awaited<ReturnType<typeof scratchRedisClient>>;
let redis: Redis;
beforeAll(async () => {
  server = await scratchRedisClient();
  redis = server.redis;
});
afterAll(() => server.dispose());
beforeEach(() => flushAll(redis));

test("one of two holds the lease, and the other gets it when it is released", async () => {
  const [a, b] = [createLease(redis, "lease", "a"), createLease(redis, "lease", "b")];
  expect([await a.hold(), await b.hold(), await a.hold()]).toEqual([true, false, true]);
  await a.release();
  expect([await b.hold(), await a.hold()]).toEqual([true, false]);
});

test("a lease ends by itself", async () => {
  await createLease(redis, "lease", "a").hold();
  const ttl = await redis.pttl("lease");
  expect(ttl).toBeGreaterThan(0);
  expect(ttl).toBeLessThanOrEqual(LEASE_TTL_MS);
});

test("nobody gives back what another holds", async () => {
  await createLease(redis, "lease", "a").hold();
  await createLease(redis, "lease", "b").release();
  expect(await redis.get("lease")).toBe("a");
});

test("Redis is asked again only when the lease is due for renewal", async () => {
  let now = 1_000_000;
  const lease = createLease(redis, "lease", "a", () => now);
  await lease.hold();
  await redis.set("lease", "b"); // lost without our knowledge
  now += LEASE_RENEWAL_MS - 1;
  expect(await lease.hold()).toBe(true);
  now += 1;
  expect(await lease.hold()).toBe(false);
});
