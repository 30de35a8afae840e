import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { scratchRedisClient } from "testing/scratch";
import { flushAll } from "testing/whole-store";
import { createLog } from "../log/log.ts";
import { awaitReady, connectRedis, observeScripts, type Redis } from "../redis/redis.ts";
import { createLocalBuckets } from "./local-buckets.ts";
import type { Bucket } from "./policies.ts";
import { toPolicy } from "./policies.ts";
import { createLimiter, type Verdict } from "./rate-limit.ts";

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
    const slow: Bucket = { policy: toPolicy("region", { perSecond: 1, burst: 1 }), key: "bucket:{EU}:slow" };
    const quick: Bucket = { policy: toPolicy("user", { perSecond: 100, burst: 1 }), key: "bucket:{EU}:quick" };
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
    const policy = toPolicy("region", { perSecond: 1, burst: 300 }, { isShared: true });
    const shared: Bucket = { ...region, policy };

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

  describe("of one turn of the event loop", () => {
    const ofPlayer = toPolicy("user", { perSecond: 0.01, burst: 3 });
    const of = (name: string): Bucket => ({ policy: ofPlayer, key: `bucket:{EU}:user:${name}` });
    const tight: Bucket = { policy: toPolicy("region", { perSecond: 0.001, burst: 4 }), key: "bucket:{EU}:tight" };
    const takeAll = (groups: Bucket[][], limiter = createLimiter()) =>
      Promise.all(groups.map((buckets) => limiter.take(redis, buckets)));
    const tokensOf = async ({ key }: Bucket) => Math.floor(Number.parseInt((await redis.get(key)) ?? "", 10) / 1e6);

    /** What they were told, and in how many calls of the script. */
    async function takeCounting(groups: Bucket[][]): Promise<{ calls: number; verdicts: Verdict[] }> {
      let calls = 0;
      observeScripts(redis, () => void calls++);
      const verdicts = await takeAll(groups);
      return { calls, verdicts };
    }

    test("are asked together, as if one after the other: each group all or nothing, later ones see what is left", async () => {
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
      const { calls, verdicts } = await takeCounting(groups);
      expect(calls).toBe(1);
      expect(verdicts.map(({ remaining, denied }) => [remaining, denied?.key])).toEqual([
        [[2, 3], undefined],
        [[2], undefined],
        [[1], undefined],
        [[0, 2], undefined],
        [[0, 2], of("ada").key], // takes nothing of the region
        [[1, 1], undefined],
        [[2, 0], undefined],
        [[0, 3], tight.key], // takes nothing of the player
        [[0], undefined],
      ]);
      expect(verdicts.at(4)?.waitSeconds).toBe(100);
      expect(verdicts.at(7)?.waitSeconds).toBe(1_000);
      expect(await Promise.all([of("ada"), of("bob"), of("cyd"), tight].map(tokensOf))).toEqual([0, 0, 2, 0]);
      expect(await redis.exists(of("dan").key)).toBe(0);
    });

    test("give exactly what a bucket holds to however many there are, the first ones, in bounded calls", async () => {
      const wide: Bucket = { policy: toPolicy("user", { perSecond: 0.001, burst: 150 }), key: "bucket:{EU}:wide" };
      const { calls, verdicts } = await takeCounting(Array.from({ length: 250 }, () => [wide]));
      expect(calls).toBe(3);
      expect(verdicts.map(({ denied }) => denied === undefined)).toEqual(
        Array.from({ length: 250 }, (_, n) => n < 150),
      );
    });

    test("take a slice of a shared bucket once, and one each beside it; what is in hand is not asked for", async () => {
      const shared: Bucket = {
        ...region,
        policy: toPolicy("region", { perSecond: 0.001, burst: 300 }, { isShared: true }),
      };
      const limiter = createLimiter();
      const players = ["ada", "bob", "cyd", "dan"].map((name) => [of(name), shared]);
      expect((await takeAll(players, limiter)).map(({ remaining }) => remaining)).toEqual([
        [2, 299],
        [2, 296],
        [2, 295],
        [2, 294],
      ]);
      expect(await tokensOf(shared)).toBe(294);
      const again = await takeAll([...players.slice(0, 3), [shared]], limiter);
      expect(again.map(({ remaining }) => remaining)).toEqual([[1, 298], [1, 297], [1, 293], [290]]);
    });

    test("a bucket that is nothing of the kind becomes one, and costs the others nothing", async () => {
      await redis.lpush(of("bob").key, "no bucket");
      const verdicts = await takeAll([[of("ada")], [of("bob")], [of("cyd")]]);
      expect(verdicts.map(({ remaining }) => remaining)).toEqual([[2], [2], [2]]);
      expect(await tokensOf(of("bob"))).toBe(2);
    });

    test("go to one server together, whatever their regions, and to a cluster slot by slot", async () => {
      const inRegion = (tag: string): Bucket => ({ policy: ofPlayer, key: `bucket:{${tag}}:user:ada` });
      const groups = [[inRegion("EU")], [inRegion("NA")], [inRegion("EU")]];
      const { calls, verdicts } = await takeCounting(groups);
      expect(calls).toBe(redis.isCluster ? 2 : 1);
      expect(verdicts.map(({ remaining }) => remaining)).toEqual([[2], [2], [1]]);
    });
  });

  test("a bucket is forgotten once it is full again", async () => {
    await createLimiter().take(redis, [user]);
    expect(await redis.pttl(user.key)).toBeWithin(900, 1_102);
  });

  describe("after Redis' clock was set back by an hour", () => {
    test("a bucket that is not empty keeps its level", async () => {
      const limiter = createLimiter();
      await limiter.take(redis, [user]);
      await letPass(-3600, user.key);
      expect(await limiter.take(redis, [user])).toEqual({ remaining: [1] });
    });

    test("an empty bucket of a player or a whole region refills from now on, also where a request was denied", async () => {
      const limiter = createLimiter();
      const wide: Bucket = { policy: toPolicy("region", { perSecond: 1, burst: 3 }), key: region.key };
      for (let n = 0; n < 3; n++) await limiter.take(redis, [user, wide]);
      for (const { key } of [user, wide]) await letPass(-3600, key);
      expect((await limiter.take(redis, [user, wide])).denied).toBeDefined(); // stores the time of now
      for (const { key } of [user, wide]) {
        expect(await redis.pttl(key)).toBeWithin(2_000, 3_102);
        await letPass(1, key);
      }
      expect(await limiter.take(redis, [user, wide])).toEqual({ remaining: [0, 0] });
    });

    test("a permit that is given back counts, and brings the bucket to the time of now", async () => {
      const limiter = createLimiter();
      for (let n = 0; n < 3; n++) await limiter.take(redis, [user]);
      await letPass(-3600, user.key);
      await limiter.giveBack(redis, [user]);
      await letPass(1, user.key);
      expect(await limiter.take(redis, [user])).toEqual({ remaining: [1] });
    });
  });

  test("after Redis' clock was set forward a bucket is full, and no fuller than that", async () => {
    const limiter = createLimiter();
    for (let n = 0; n < 3; n++) await limiter.take(redis, [user]);
    await letPass(3600, user.key);
    expect(await limiter.take(redis, [user])).toEqual({ remaining: [2] });
  });
});

describe("without Redis", () => {
  test("the same numbers are counted in this process", async () => {
    const down = connectRedis({ url: "redis://127.0.0.1:1", name: "down", log: createLog("test", "silent") });
    let fallbacks = 0;
    const limiter = createLimiter({ now: () => 0, onFallback: () => fallbacks++ });
    const verdicts = [];
    for (let n = 0; n < 5; n++) verdicts.push(await limiter.take(down, [user, region]));
    expect(verdicts.map(({ denied }) => denied?.policy.name)).toEqual([
      undefined,
      undefined,
      undefined,
      "user",
      "user",
    ]);
    expect(fallbacks).toBe(5);
    down.disconnect();
  });

  test("each of those who asked together is counted in this process, and keeps what it had in hand", async () => {
    const client = connectRedis({ url: server.url, name: "test", log: createLog("test", "silent") });
    await awaitReady(client, 5_000);
    const shared: Bucket = { ...region, policy: toPolicy("region", { perSecond: 1, burst: 300 }, { isShared: true }) };
    let fallbacks = 0;
    const limiter = createLimiter({ now: () => 0, onFallback: () => fallbacks++ });
    await limiter.take(client, [shared]); // two are in hand
    client.disconnect();
    const verdicts = await Promise.all(Array.from({ length: 5 }, () => limiter.take(client, [user, shared])));
    expect(verdicts.map(({ denied }) => denied?.policy.name)).toEqual([
      undefined,
      undefined,
      undefined,
      "user",
      "user",
    ]);
    expect(fallbacks).toBe(5);
    for (const left of [298, 297]) expect(await limiter.take(client, [shared])).toEqual({ remaining: [left] });
    expect(fallbacks).toBe(5);
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

  test("lose nothing by a clock that goes back", () => {
    const local = createLocalBuckets();
    for (let n = 0; n < 2; n++) local.take([user], 3_600_000);
    expect(local.take([user], 0)).toEqual({ remaining: [0] });
    expect(local.take([user], 1_000)).toEqual({ remaining: [0] });
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
