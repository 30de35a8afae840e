import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { scratchRedisClient } from "testing/scratch";
import { flushAll } from "testing/whole-store";
import { createLog } from "../log/log.ts";
import { awaitReady, connectRedis, type Redis } from "../redis/redis.ts";
import { observeScripts } from "../redis/scripts/define-script.ts";
import { type Bucket, type LimitResult, toPolicy } from "./policies.ts";
import { createLimiter } from "./rate-limit.ts";

let server: Awaited<ReturnType<typeof scratchRedisClient>>;
let redis: Redis;
beforeAll(async () => {
  server = await scratchRedisClient();
  redis = server.redis;
});
afterAll(() => server.dispose());
beforeEach(() => flushAll(redis));

const user: Bucket = { policy: toPolicy("user", { perSecond: 1, burst: 3 }), key: "bucket:{EU}:user:ada" };
const region: Bucket = { policy: toPolicy("region", { perSecond: 1, burst: 2000 }), key: "bucket:{EU}:region" };

/** Ages a bucket by moving its stored time into the past. */
async function age(seconds: number, key: string): Promise<void> {
  const [level, at] = ((await redis.get(key)) ?? "").split(" ");
  await redis.set(key, `${level} ${Number(at) - seconds * 1_000_000}`, "KEEPTTL");
}

describe("buckets in Redis", () => {
  test("a full bucket gives its burst and then says how long to wait", async () => {
    const limiter = createLimiter();
    for (const left of [2, 1, 0]) expect(await limiter.take(redis, [user])).toEqual({ remaining: [left] });
    const result = await limiter.take(redis, [user]);
    expect(result).toMatchObject({ remaining: [0], denied: user });
    expect(result.waitSeconds).toBeWithin(0.5, 1.000001);
  });

  test("a bucket refills by the clock, up to its burst", async () => {
    const limiter = createLimiter();
    for (let n = 0; n < 3; n++) await limiter.take(redis, [user]);
    await age(1, user.key);
    expect((await limiter.take(redis, [user])).denied).toBeUndefined();
    await age(3600, user.key);
    expect(await limiter.take(redis, [user])).toEqual({ remaining: [2] });
  });

  test("a denied request takes no permit from any bucket", async () => {
    const limiter = createLimiter();
    for (let n = 0; n < 3; n++) await limiter.take(redis, [user, region]);
    const levels = await Promise.all([user, region].map(({ key }) => redis.get(key)));
    expect((await limiter.take(redis, [user, region])).denied).toEqual(user);
    expect(await Promise.all([user, region].map(({ key }) => redis.get(key)))).toEqual(levels);
  });

  test("of two empty buckets the result names the one with the longer wait", async () => {
    const slow: Bucket = { policy: toPolicy("region", { perSecond: 1, burst: 1 }), key: "bucket:{EU}:slow" };
    const quick: Bucket = { policy: toPolicy("user", { perSecond: 100, burst: 1 }), key: "bucket:{EU}:quick" };
    const limiter = createLimiter();
    await limiter.take(redis, [quick, slow]);
    expect((await limiter.take(redis, [quick, slow])).denied).toEqual(slow);
  });

  test("a permit that is given back can be taken again, up to the burst", async () => {
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

  test("two gateways share a bucket: 50 requests at once get its burst and no more", async () => {
    const gateways = [createLimiter(), createLimiter()];
    const requests = Array.from({ length: 50 }, (_, n) => gateways[n % 2]?.take(redis, [user]));
    const results = await Promise.all(requests);
    expect(results.filter((result) => result?.denied === undefined)).toHaveLength(3);
  });

  describe("requests of one turn of the event loop", () => {
    const ofPlayer = toPolicy("user", { perSecond: 0.01, burst: 3 });
    const of = (name: string): Bucket => ({ policy: ofPlayer, key: `bucket:{EU}:user:${name}` });
    const tight: Bucket = { policy: toPolicy("region", { perSecond: 0.001, burst: 4 }), key: "bucket:{EU}:tight" };
    const takeAll = (groups: Bucket[][], limiter = createLimiter()) =>
      Promise.all(groups.map((buckets) => limiter.take(redis, buckets)));
    const permitsOf = async ({ key }: Bucket) => Math.floor(Number.parseInt((await redis.get(key)) ?? "", 10) / 1e6);

    /** The results, and the number of script calls. */
    async function takeCounting(groups: Bucket[][]): Promise<{ calls: number; results: LimitResult[] }> {
      let calls = 0;
      observeScripts(redis, () => void calls++);
      const results = await takeAll(groups);
      return { calls, results };
    }

    test("share one call that decides them in order: each takes all of its permits or none, later ones find what is left", async () => {
      const groups = [
        [of("ada"), tight],
        [of("bob")],
        [of("ada")],
        [of("ada"), tight],
        [of("ada"), tight],
        [of("bob"), tight],
        [of("cyd"), tight],
        [tight, of("dan")],
        [of("bob")],
      ];
      const { calls, results } = await takeCounting(groups);
      expect(calls).toBe(1);
      expect(results.map(({ remaining, denied }) => [remaining, denied?.key])).toEqual([
        [[2, 3], undefined],
        [[2], undefined],
        [[1], undefined],
        [[0, 2], undefined],
        [[0, 2], of("ada").key], // takes no permit of the region
        [[1, 1], undefined],
        [[2, 0], undefined],
        [[0, 3], tight.key], // takes no permit of the player
        [[0], undefined],
      ]);
      expect(results.at(4)?.waitSeconds).toBe(100);
      expect(results.at(7)?.waitSeconds).toBe(1_000);
      expect(await Promise.all([of("ada"), of("bob"), of("cyd"), tight].map(permitsOf))).toEqual([0, 0, 2, 0]);
      expect(await redis.exists(of("dan").key)).toBe(0);
    });

    test("are split into bounded calls, and the first ones get exactly what the bucket holds", async () => {
      const wide: Bucket = { policy: toPolicy("user", { perSecond: 0.001, burst: 150 }), key: "bucket:{EU}:wide" };
      const { calls, results } = await takeCounting(Array.from({ length: 250 }, () => [wide]));
      expect(calls).toBe(3);
      expect(results.map(({ denied }) => denied === undefined)).toEqual(Array.from({ length: 250 }, (_, n) => n < 150));
    });

    test("a key of another type is overwritten with a bucket, and the other requests are decided as usual", async () => {
      await redis.lpush(of("bob").key, "not a bucket");
      const results = await takeAll([[of("ada")], [of("bob")], [of("cyd")]]);
      expect(results.map(({ remaining }) => remaining)).toEqual([[2], [2], [2]]);
      expect(await permitsOf(of("bob"))).toBe(2);
    });

    test("of several regions share one call to a server, and make one call for each slot of a cluster", async () => {
      const inRegion = (tag: string): Bucket => ({ policy: ofPlayer, key: `bucket:{${tag}}:user:ada` });
      const groups = [[inRegion("EU")], [inRegion("NA")], [inRegion("EU")]];
      const { calls, results } = await takeCounting(groups);
      expect(calls).toBe(redis.isCluster ? 2 : 1);
      expect(results.map(({ remaining }) => remaining)).toEqual([[2], [2], [1]]);
    });
  });

  test("a bucket expires once it is full again", async () => {
    await createLimiter().take(redis, [user]);
    expect(await redis.pttl(user.key)).toBeWithin(900, 1_102);
  });

  describe("after Redis' clock was set back by an hour", () => {
    test("a bucket that is not empty keeps its level", async () => {
      const limiter = createLimiter();
      await limiter.take(redis, [user]);
      await age(-3600, user.key);
      expect(await limiter.take(redis, [user])).toEqual({ remaining: [1] });
    });

    test("an empty bucket refills from now on, even if every request is denied", async () => {
      const limiter = createLimiter();
      const wide: Bucket = { policy: toPolicy("region", { perSecond: 1, burst: 3 }), key: region.key };
      for (let n = 0; n < 3; n++) await limiter.take(redis, [user, wide]);
      for (const { key } of [user, wide]) await age(-3600, key);
      expect((await limiter.take(redis, [user, wide])).denied).toBeDefined(); // stores the present time
      for (const { key } of [user, wide]) {
        expect(await redis.pttl(key)).toBeWithin(2_000, 3_102);
        await age(1, key);
      }
      expect(await limiter.take(redis, [user, wide])).toEqual({ remaining: [0, 0] });
    });

    test("a permit that is given back counts, and the bucket refills from now on", async () => {
      const limiter = createLimiter();
      for (let n = 0; n < 3; n++) await limiter.take(redis, [user]);
      await age(-3600, user.key);
      await limiter.giveBack(redis, [user]);
      await age(1, user.key);
      expect(await limiter.take(redis, [user])).toEqual({ remaining: [1] });
    });
  });

  test("after Redis' clock was set forward a bucket holds its burst and no more", async () => {
    const limiter = createLimiter();
    for (let n = 0; n < 3; n++) await limiter.take(redis, [user]);
    await age(3600, user.key);
    expect(await limiter.take(redis, [user])).toEqual({ remaining: [2] });
  });
});

describe("without Redis", () => {
  test("the process counts with the same limits in its own memory", async () => {
    const down = connectRedis({ url: "redis://127.0.0.1:1", name: "down", log: createLog("test", "silent") });
    let fallbacks = 0;
    const limiter = createLimiter({ now: () => 0, onFallback: () => fallbacks++ });
    const results = [];
    for (let n = 0; n < 5; n++) results.push(await limiter.take(down, [user, region]));
    expect(results.map(({ denied }) => denied?.policy.name)).toEqual([undefined, undefined, undefined, "user", "user"]);
    expect(fallbacks).toBe(5);
    down.disconnect();
  });

  test("each request of a call that failed is counted in the memory of this process", async () => {
    const client = connectRedis({ url: server.url, name: "test", log: createLog("test", "silent") });
    await awaitReady(client, 5_000);
    let fallbacks = 0;
    const limiter = createLimiter({ now: () => 0, onFallback: () => fallbacks++ });
    await limiter.take(client, [user]);
    client.disconnect();
    const results = await Promise.all(Array.from({ length: 5 }, () => limiter.take(client, [user, region])));
    expect(results.map(({ denied }) => denied?.policy.name)).toEqual([undefined, undefined, undefined, "user", "user"]);
    expect(fallbacks).toBe(5);
  });

  test("after a failure the limiter does not call Redis for half a second", async () => {
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
