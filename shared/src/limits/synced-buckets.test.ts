import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { scratchRedisClient } from "testing/scratch";
import { flushAll, sizeOf } from "testing/whole-store";
import { createLog } from "../log/log.ts";
import { connectRedis, type Redis } from "../redis/redis.ts";
import { observeScripts } from "../redis/scripts/define-script.ts";
import { type Bucket, toPolicy } from "./policies.ts";
import { createLimiter } from "./rate-limit.ts";
import { createSyncedBuckets } from "./synced-buckets.ts";

let server: Awaited<ReturnType<typeof scratchRedisClient>>;
let redis: Redis;
beforeAll(async () => {
  server = await scratchRedisClient();
  redis = server.redis;
});
afterAll(() => server.dispose());
beforeEach(() => flushAll(redis));

// Refills too slowly to count in a test: a settlement is ten permits.
const slow: Bucket = {
  policy: toPolicy("read", { perSecond: 0.001, burst: 1000 }),
  key: "bucket:{1.1.1.1}:read:1.1.1.1",
};

/** A gateway process; each take moves its clock on by the shortest time between two settlements. */
function startProcess(at: Redis = redis) {
  let nowMs = 0;
  let pending: Promise<unknown> = Promise.resolve();
  const real = createLimiter();
  const synced = createSyncedBuckets({
    now: () => nowMs,
    limiter: {
      debit(...args) {
        const debit = real.debit(...args);
        pending = debit;
        return debit;
      },
    },
  });
  return {
    /** Takes once, and waits for the settlement that it started. */
    async take(bucket: Bucket = slow, permits = 1) {
      nowMs += 10;
      const result = synced.take(at, [bucket], permits);
      await pending;
      await Promise.resolve();
      return result;
    },
    pass(ms: number): void {
      nowMs += ms;
    },
  };
}

const levelOf = async ({ key }: Bucket) => Math.round(Number.parseInt((await redis.get(key)) ?? "", 10) / 1e6);

test("a client that takes less than 1 % of the burst causes no command", async () => {
  const gateway = startProcess();
  for (let left = 999; left > 990; left--) expect(await gateway.take()).toEqual({ remaining: [left] });
  expect(await sizeOf(redis)).toBe(0);
});

test("the process settles with Redis once for each 1 % of the burst", async () => {
  const gateway = startProcess();
  let calls = 0;
  observeScripts(redis, () => void calls++);
  for (let n = 0; n < 100; n++) await gateway.take();
  expect(calls).toBe(10);
  expect(await levelOf(slow)).toBe(900);
});

test("a bucket gives its burst and then says how long to wait", async () => {
  const bucket: Bucket = { ...slow, policy: toPolicy("read", { perSecond: 2, burst: 3 }) };
  const gateway = startProcess();
  for (const left of [2, 1, 0]) expect((await gateway.take(bucket)).remaining).toEqual([left]);
  const denied = await gateway.take(bucket);
  expect(denied.denied).toEqual(bucket);
  expect(denied.waitSeconds).toBeWithin(0.4, 0.5);
  gateway.pass(500);
  expect((await gateway.take(bucket)).denied).toBeUndefined();
});

test("three gateways let the burst pass, and at most 1 % of it more each", async () => {
  const gateways = [startProcess(), startProcess(), startProcess()];
  let passed = 0;
  for (let n = 0; n < 1_500; n++) if ((await gateways[n % 3]?.take())?.denied === undefined) passed++;
  expect(passed).toBeWithin(1_000, 1_000 + 3 * 10 + 1);
});

test("a restarted gateway learns within 1 % of the burst that the bucket is empty", async () => {
  const before = startProcess();
  for (let n = 0; n < 1_000; n++) await before.take();
  const after = startProcess();
  let passed = 0;
  for (let n = 0; n < 100; n++) if ((await after.take()).denied === undefined) passed++;
  expect(passed).toBe(10);
});

test("what Redis could not give stays owed, and nothing passes until it is paid", async () => {
  const bucket: Bucket = { ...slow, policy: toPolicy("read", { perSecond: 10, burst: 1000 }) };
  const gateway = startProcess();
  await redis.set(
    bucket.key,
    `0 ${(await redis.time()).map((part, i) => (i === 0 ? part : String(part).padStart(6, "0"))).join("")}`,
  );
  for (let n = 0; n < 10; n++) expect((await gateway.take(bucket)).denied).toBeUndefined();
  expect((await gateway.take(bucket)).waitSeconds).toBeWithin(0.8, 1.1); // ten permits of debt and one more
});

test("a request that costs more than the burst takes the whole burst instead of being denied for ever", async () => {
  const bucket: Bucket = { ...slow, policy: toPolicy("read", { perSecond: 1, burst: 5 }) };
  const gateway = startProcess();
  expect(await gateway.take(bucket, 20)).toEqual({ remaining: [0] });
  expect((await gateway.take(bucket, 20)).denied).toEqual(bucket);
});

test("of several buckets each gives its permits, or none does", () => {
  const synced = createSyncedBuckets({ limiter: { debit: async () => undefined }, now: () => 0 });
  const narrow: Bucket = { policy: toPolicy("read", { perSecond: 1, burst: 2 }), key: "narrow" };
  const wide: Bucket = { policy: toPolicy("read-56", { perSecond: 1, burst: 4 }), key: "wide" };
  for (let n = 0; n < 2; n++) expect(synced.take(redis, [narrow, wide], 1).denied).toBeUndefined();
  for (let n = 0; n < 9; n++) expect(synced.take(redis, [narrow, wide], 1).denied).toEqual(narrow);
  expect(synced.take(redis, [wide], 1)).toEqual({ remaining: [1] });
});

test("the number of buckets is bounded: the least recently used one is evicted", () => {
  const synced = createSyncedBuckets({ limiter: { debit: async () => undefined }, now: () => 0, bucketsMax: 2 });
  const take = (key: string) => synced.take(redis, [{ ...slow, key }], 1).remaining;
  for (const key of ["a", "b", "a", "c"]) take(key); // evicts b
  expect([take("a"), take("b")]).toEqual([[997], [999]]);
});

describe("without Redis", () => {
  test("the process keeps to the same limits, and owes nothing for what passed meanwhile", async () => {
    const down = connectRedis({ url: "redis://127.0.0.1:1", name: "down", log: createLog("test", "silent") });
    const gateway = startProcess(down);
    let passed = 0;
    for (let n = 0; n < 1_100; n++) if ((await gateway.take()).denied === undefined) passed++;
    expect(passed).toBe(1_000);
    down.disconnect();
    gateway.pass(1_000_000); // one permit has been refilled
    expect((await gateway.take()).denied).toBeUndefined();
  });
});
