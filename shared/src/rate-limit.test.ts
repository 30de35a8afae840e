import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { scratchRedisClient } from "../../infra/embedded/scratch.ts";
import { flushAll } from "../../infra/embedded/whole-store.ts";
import { createLocalBuckets } from "./local-buckets.ts";
import { createLog } from "./log.ts";
import { type Bucket, createLimiter } from "./rate-limit.ts";
import { awaitReady, connectRedis, type Redis } from "./redis.ts";

let server: Awaited<ReturnType<typeof scratchRedisClient>>;
let redis: Redis;
beforeAll(async () => {
  server = await scratchRedisClient();
  redis = server.redis;
});
afterAll(() => server.dispose());
beforeEach(() => flushAll(redis));

const user: Bucket = { policy: "user", key: "bucket:{EU}:user:ada", perSecond: 1, burst: 3 };
const region: Bucket = { policy: "region", key: "bucket:{EU}:region", perSecond: 1000, burst: 2000 };

/** Puts a bucket where it would be after `seconds` more, by moving its last moment into the past. */
async function letPass(seconds: number, key: string): Promise<void> {
  const [level, at] = ((await redis.get(key)) ?? "").split(" ");
  await redis.set(key, `${level} ${Number(at) - seconds * 1_000_000}`, "KEEPTTL");
}

describe("buckets in Redis", () => {
  test("a full bucket gives its burst and then says how long to wait", async () => {
    const limiter = createLimiter();
    for (const left of [2, 1, 0]) expect(await limiter.take(redis, [user])).toEqual({ remaining: [left] });
    const verdict = await limiter.take(redis, [user]);
    expect(verdict).toMatchObject({ remaining: [0], denied: user });
    expect(verdict.waitSeconds).toBeWithin(0.5, 1.000001);
  });

  test("a token comes back after its time, and no more than the burst however long it takes", async () => {
    const limiter = createLimiter();
    for (let n = 0; n < 3; n++) await limiter.take(redis, [user]);
    await letPass(1, user.key);
    expect((await limiter.take(redis, [user])).denied).toBeUndefined();
    await letPass(3600, user.key);
    expect(await limiter.take(redis, [user])).toEqual({ remaining: [2] });
  });

  test("a denied request takes no token from any bucket", async () => {
    const limiter = createLimiter();
    for (let n = 0; n < 3; n++) await limiter.take(redis, [user, region]);
    const levels = await Promise.all([user, region].map(({ key }) => redis.get(key)));
    expect((await limiter.take(redis, [user, region])).denied).toEqual(user);
    expect(await Promise.all([user, region].map(({ key }) => redis.get(key)))).toEqual(levels);
  });

  test("of two empty buckets the one to wait for longest is named", async () => {
    const slow: Bucket = { policy: "region", key: "bucket:{EU}:slow", perSecond: 1, burst: 1 };
    const quick: Bucket = { policy: "user", key: "bucket:{EU}:quick", perSecond: 100, burst: 1 };
    const limiter = createLimiter();
    await limiter.take(redis, [quick, slow]);
    expect((await limiter.take(redis, [quick, slow])).denied).toEqual(slow);
  });

  test("a token that is given back can be taken again, and a full bucket takes none", async () => {
    const limiter = createLimiter();
    await limiter.giveBack(redis, [user]);
    expect(await redis.exists(user.key)).toBe(0);
    for (let n = 0; n < 3; n++) await limiter.take(redis, [user]);
    await limiter.giveBack(redis, [user]);
    expect((await limiter.take(redis, [user])).denied).toBeUndefined();
    expect((await limiter.take(redis, [user])).denied).toEqual(user);
    for (let n = 0; n < 9; n++) await limiter.giveBack(redis, [user]);
    expect(await limiter.take(redis, [user])).toEqual({ remaining: [2] });
  });

  test("two gateways count together, and 50 requests at once get the burst, no more", async () => {
    const gateways = [createLimiter(), createLimiter()];
    const requests = Array.from({ length: 50 }, (_, n) => gateways[n % 2]?.take(redis, [user]));
    const verdicts = await Promise.all(requests);
    expect(verdicts.filter((verdict) => verdict?.denied === undefined)).toHaveLength(3);
  });

  describe("of many callers", () => {
    const shared: Bucket = { ...region, burst: 300, perSecond: 1, isShared: true };

    test("are asked for a hundredth of their tokens at a time, and say what is left of both", async () => {
      const limiter = createLimiter();
      expect(await limiter.take(redis, [shared])).toEqual({ remaining: [299] });
      expect(await redis.get(shared.key)).toStartWith("297000000 ");
      for (const left of [298, 297]) expect(await limiter.take(redis, [shared])).toEqual({ remaining: [left] });
      expect(await redis.get(shared.key)).toStartWith("297000000 ");
      expect((await limiter.take(redis, [shared])).remaining).toEqual([296]);
      expect(await redis.get(shared.key)).toStartWith("294");
    });

    test("give no more than their burst to any number of gateways", async () => {
      const gateways = [createLimiter(), createLimiter(), createLimiter()];
      const requests = Array.from({ length: 400 }, (_, n) => gateways[n % 3]?.take(redis, [shared]));
      const verdicts = await Promise.all(requests);
      expect(verdicts.filter((verdict) => verdict?.denied === undefined).length).toBeWithin(300 - 9, 303);
    });

    test("lose nothing to a request that another bucket denies", async () => {
      const limiter = createLimiter();
      for (let n = 0; n < 3; n++) await limiter.take(redis, [user, shared]);
      for (let n = 0; n < 3; n++) expect((await limiter.take(redis, [user, shared])).denied).toEqual(user);
      await letPass(3600, user.key);
      expect((await limiter.take(redis, [user, shared])).remaining).toEqual([2, 296]);
    });

    test("are asked anew after a second", async () => {
      let nowMs = 0;
      const limiter = createLimiter({ now: () => nowMs });
      await limiter.take(redis, [shared]);
      nowMs = 1_000;
      await limiter.take(redis, [shared]);
      expect(await redis.get(shared.key)).toStartWith("294");
    });
  });

  test("a bucket is forgotten once it is full again", async () => {
    await createLimiter().take(redis, [user]);
    expect(await redis.pttl(user.key)).toBeWithin(900, 1_102);
  });

  test("a clock of Redis that was set back takes nothing away and gives nothing", async () => {
    const limiter = createLimiter();
    await limiter.take(redis, [user]);
    await letPass(-3600, user.key);
    expect(await limiter.take(redis, [user])).toEqual({ remaining: [1] });
  });
});

describe("without Redis", () => {
  test("the same numbers are counted in this process", async () => {
    const down = connectRedis({ url: "redis://127.0.0.1:1", name: "down", log: createLog("test", "silent") });
    let fallbacks = 0;
    const limiter = createLimiter({ now: () => 0, onFallback: () => fallbacks++ });
    const verdicts = [];
    for (let n = 0; n < 5; n++) verdicts.push(await limiter.take(down, [user, region]));
    expect(verdicts.map(({ denied }) => denied?.policy)).toEqual([undefined, undefined, undefined, "user", "user"]);
    expect(fallbacks).toBe(5);
    down.disconnect();
  });

  test("after a failure Redis is left alone for half a second, then asked again", async () => {
    const broken = connectRedis({ url: server.url, name: "test", log: createLog("test", "silent") });
    let nowMs = 0;
    let fallbacks = 0;
    const limiter = createLimiter({ now: () => nowMs, onFallback: () => fallbacks++ });
    await limiter.take(broken, [user]); // not connected yet
    await awaitReady(broken, 5_000);
    nowMs = 499;
    await limiter.take(broken, [user]);
    expect(fallbacks).toBe(2);
    nowMs = 500;
    await limiter.take(broken, [user]);
    expect(fallbacks).toBe(2);
    expect(await redis.exists(user.key)).toBe(1);
    broken.disconnect();
  });
});

describe("buckets in this process", () => {
  test("refill by the clock, up to the burst", () => {
    const local = createLocalBuckets();
    for (const left of [2, 1, 0]) expect(local.take([user], 0)).toEqual({ remaining: [left] });
    expect(local.take([user], 400)).toMatchObject({ denied: user, waitSeconds: 0.6 });
    expect(local.take([user], 1_000)).toEqual({ remaining: [0] });
    expect(local.take([user], 1_000_000)).toEqual({ remaining: [2] });
  });

  test("take back what was not needed, and no more than the burst", () => {
    const local = createLocalBuckets();
    for (let n = 0; n < 3; n++) local.take([user], 0);
    local.giveBack([user]);
    expect(local.take([user], 0).denied).toBeUndefined();
    expect(local.take([user], 0).denied).toEqual(user);
    for (let n = 0; n < 9; n++) local.giveBack([user]);
    expect(local.take([user], 0)).toEqual({ remaining: [2] });
  });

  test("are bounded in number: the one used longest ago makes room", () => {
    const local = createLocalBuckets(2);
    const bucket = (key: string): Bucket => ({ ...user, key });
    local.take([bucket("a")], 0);
    local.take([bucket("b")], 0);
    local.take([bucket("a")], 0);
    local.take([bucket("c")], 0); // b goes
    expect(local.take([bucket("a")], 0)).toEqual({ remaining: [0] });
    expect(local.take([bucket("b")], 0)).toEqual({ remaining: [2] });
  });
});
