import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type Bucket, toPolicy } from "shared/limits/policies";
import { createLimiter } from "shared/limits/rate-limit";
import { createTopology } from "shared/model/regions";
import { accountErasedKey, answersKeys, erasedKey, leaseKey, moverKey, regionBucketKey } from "shared/redis/keys";
import { canStepClocks, prepareSteppedClock, startSteppedRedis } from "testing/redis/stepped-redis";
import { until } from "testing/until";
import { flushAll } from "testing/whole-store";
import { createLease, LEASE_TTL_MS } from "../../drainer/src/leases/lease.ts";
import { type Built, player, startUnderTest, type UnderTest } from "../../ranker/test/ranker-under-test.ts";
import { scaled } from "./scale.ts";
import { startSite } from "./site.ts";
import { expectNothingLost } from "./under-load.ts";

const HOUR_SECONDS = 3600;
const topology = createTopology(["EU"], 1, ["main"]);
const [shard] = topology.shards;
if (shard === undefined) throw new Error("no shard");

// Without a C compiler, the tests of `token-bucket.lua` and `hold-lease.lua` alone check such
// states.
describe.skipIf(!canStepClocks)("when the clock of Redis steps by an hour (needs cc)", () => {
  let stepped: Awaited<ReturnType<typeof startSteppedRedis>>;
  let under: UnderTest;
  let ranker: Built;
  beforeAll(async () => {
    stepped = await startSteppedRedis();
    under = await startUnderTest(stepped);
    ranker = await under.build({ topology });
  });
  afterAll(() => under.close());
  beforeEach(async () => {
    await stepped.setClock(0);
    await flushAll(stepped.redis);
  });

  /** Repeats a check until it holds, for a second at the most. */
  async function within1s(isSo: () => Promise<boolean>): Promise<boolean> {
    for (const until = performance.now() + 1_000; performance.now() < until; ) if (await isSo()) return true;
    return false;
  }

  test("the clock of Redis really steps", async () => {
    const [before = 0] = (await stepped.redis.time()).map(Number);
    await stepped.setClock(-HOUR_SECONDS);
    expect(Number((await stepped.redis.time())[0]) - before).toBeWithin(-HOUR_SECONDS, -HOUR_SECONDS + 10);
  });

  test.each([-HOUR_SECONDS, HOUR_SECONDS])("%d s: an empty bucket of a region refills in its time", async (step) => {
    const bucket: Bucket = { policy: toPolicy("region", { perSecond: 20, burst: 3 }), key: regionBucketKey("EU") };
    const isAllowed = async () => (await createLimiter().take(stepped.redis, [bucket])).denied === undefined;
    while (await isAllowed()) {}
    await stepped.setClock(step);
    expect(await within1s(isAllowed)).toBe(true);
  });

  test.each([-HOUR_SECONDS, HOUR_SECONDS])("%d s: the lease of a dead drainer or move is free", async (step) => {
    for (const key of [leaseKey(shard), moverKey("EU")]) {
      await stepped.setClock(0);
      await createLease(stepped.redis, key, "dead").hold();
      const next = createLease(stepped.redis, key, "next");
      expect(await next.hold()).toBe(false);
      await stepped.setClock(step);
      expect(await next.hold()).toBe(true);
      expect(await stepped.redis.pttl(key)).toBeWithin(1, LEASE_TTL_MS + 1);
    }
  });

  test.each([-HOUR_SECONDS, HOUR_SECONDS])(
    "%d s: versions grow, and of two equal scores the later one ranks behind",
    async (step) => {
      const set = (id: string) => ranker.submit(player(id), { operation: "set", board: "main", value: 1 });
      const first = await set("first");
      await stepped.setClock(step);
      const second = await set("second");
      expect([first.entry.rank, second.entry.rank]).toEqual([1, 2]);
      expect(Date.parse(second.entry.updated_at)).toBeGreaterThanOrEqual(Date.parse(first.entry.updated_at));
    },
  );

  test.each([-HOUR_SECONDS, HOUR_SECONDS])(
    "%d s: a repeated write under an Idempotency-Key is not applied again",
    async (step) => {
      const headers = { "Idempotency-Key": "match-1" };
      const add = async () => (await ranker.post("/score/add", { delta: 5 }, player("ada"), headers)).json();
      const first = await add();
      await stepped.setClock(step);
      expect(await add()).toEqual(first);
      expect(await stepped.redis.exists(answersKeys(shard, "ada")[0])).toBe(1);
    },
  );

  test.each([-HOUR_SECONDS, HOUR_SECONDS])("%d s: an erasure is kept", async (step) => {
    await ranker.accounts.register({ user_id: "ada", name: "Ada", region: "EU", initialScore: 1 });
    await ranker.erasePlayer("ada");
    await stepped.setClock(step);
    expect(await stepped.redis.exists(erasedKey(shard, "ada"))).toBe(1);
    expect(await stepped.redis.exists(accountErasedKey("ada"))).toBe(1);
  });
});

describe.skipIf(!canStepClocks)("under load (needs cc)", () => {
  test("a clock of Redis that steps back by an hour and forward again loses and doubles no write", async () => {
    const clock = await prepareSteppedClock();
    const site = await startSite({ rankers: 2, redisEnv: clock.env });
    try {
      await expectNothingLost(site, {
        name: "Redis' clock back and forward by an hour",
        times: scaled(2, 10),
        async inject(_, history, n) {
          const before = history.writes;
          await clock.set(n % 2 === 0 ? -HOUR_SECONDS : 0);
          await until(async () => history.writes > before + 100);
        },
      });
    } finally {
      await site.close();
      await clock.dispose();
    }
  }, 120_000);
});
