import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "leaderboard-client";
import { forFile } from "testing/for-file";
import { readPostgresEntries } from "testing/read-entries";
import { clientOf } from "testing/services/client";
import { readMetric, sumMetric } from "testing/services/metrics";
import { until } from "testing/until";
import { LEASE_TTL_MS } from "../../drainer/src/leases/lease.ts";
import { scaled } from "./scale.ts";
import { REGIONS, type ServiceMember, startSite } from "./site.ts";
import { expectNothingLost } from "./under-load.ts";

const site = await forFile(startSite({ rankers: 2, drainers: 2 }));
const [first, second] = site.drainers as [ServiceMember, ServiceMember];
afterEach(() => site.heal());

test("kill -9 of drainers at random moments loses and doubles no write", async () => {
  await expectNothingLost(site, {
    name: "kill -9 of a drainer",
    times: scaled(6, 30),
    async inject(_load, _history, n) {
      await delay(Math.random() * 300);
      await (n % 2 === 0 ? first : second).crash();
    },
  });
}, 180_000);

const leases = [...REGIONS, "accounts"].map((tag) => `lease:{${tag}}`);

/** Waits until one drainer has every lease. @returns its name in the leases */
async function untilLed(isRight: (holder: string | null) => boolean = () => true): Promise<string | null> {
  const [holder = null] = await until(
    () => site.client.mget(leases),
    (holders) => holders[0] != null && new Set(holders).size === 1 && isRight(holders[0]),
  );
  return holder;
}

/**
 * Lets the first drainer take every lease before the second one runs again.
 *
 * @returns the first one's name in them
 */
async function letFirstLead(): Promise<string | null> {
  await second.stop();
  const holder = await untilLed();
  await second.start();
  return holder;
}

/** How long a queue may wait when its drainer is killed. */
const TAKEOVER_MS = 10_000;

test("after kill -9 of the drainer that has every queue the other one takes them over within ten seconds", async () => {
  await expectNothingLost(site, {
    name: "kill -9 of the drainer that leads",
    times: scaled(1, 5),
    async inject() {
      const dead = await letFirstLead();
      const startedAt = performance.now();
      await first.kill();
      await untilLed((holder) => holder !== dead);
      expect(performance.now() - startedAt).toBeLessThan(TAKEOVER_MS);
      await first.start();
    },
  });
}, 90_000);

test("a drainer so slow that its lease ends within a batch loses and doubles no write", async () => {
  const repeats = () => sumMetric(first, "leaderboard_drainer_repeated_batches_total");
  let holder = await letFirstLead();
  await expectNothingLost(site, {
    name: "a drainer slower than its lease",
    times: scaled(1, 3),
    async inject(_load, _history, n) {
      // A lease that ends between two batches repeats none. When all have, the test tries again.
      while ((await repeats()) <= n) {
        // Connecting to a database takes several replies, and would time out with slow ones.
        await until(async () => (await readMetric(first, "leaderboard_drainer_events_total")).length > REGIONS.length);
        first.toPostgres.delayReplies(LEASE_TTL_MS + 200);
        await until(async () => (await repeats()) > n || !(await site.client.mget(leases)).includes(holder));
        first.toPostgres.pass();
        holder = await letFirstLead();
      }
    },
    load: { pauseMs: 20 },
  });
}, 60_000);

test("a drainer that cannot reach PostgreSQL gives its queues to one that can, and /ready names the fault", async () => {
  for (const fault of ["refuse", "blackHole"] as const) {
    const holder = await letFirstLead();
    await expectNothingLost(site, {
      name: `a drainer cut off from PostgreSQL (${fault})`,
      async inject() {
        const startedAt = performance.now();
        first.toPostgres[fault]();
        await untilLed((other) => other !== holder);
        expect(performance.now() - startedAt).toBeLessThan(TAKEOVER_MS);
        const isAway = ({ name, up }: { name: string; up: boolean }) => !up && name.startsWith("postgres ");
        const { status, dependencies = [] } = await until(
          () => createClient(first).ready(),
          (readiness) => readiness.status !== "ready",
        );
        expect([status, dependencies.filter(isAway).length]).toEqual(["unavailable", REGIONS.length]);
        expect(await createClient(second).ready()).toMatchObject({ status: "ready" });
      },
      repair: () => site.drained(), // while the first one is still cut off
    });
    first.toPostgres.pass();
    await until(async () => (await createClient(first).ready()).status === "ready");
  }
}, 90_000);

describe("kill -9 of the drainer", () => {
  beforeAll(() => second.stop());
  afterAll(() => second.start(), 20_000);

  const rowOf = async (userId: string) =>
    (await readPostgresEntries(site.postgresUrl("EU"))).find((entry) => entry.userId === userId)?.text;

  /**
   * Registers a player, and waits until that is drained.
   *
   * @returns a function that writes the first score
   */
  async function enter(user_id: string): Promise<() => Promise<void>> {
    const client = clientOf(site.gateways[0]);
    const token = await client.register({ user_id, name: user_id, region: "EU" });
    await site.drained();
    return async () => {
      expect((await client.post("/score/add", { delta: 5 }, token)).status).toBe(200);
    };
  }

  /** Checks that the event is still queued, and that a new drainer writes it as one row. */
  async function expectRedelivery(userId: string): Promise<void> {
    expect(await site.client.llen("queue:scores:{EU}")).toBe(1);
    const before = await rowOf(userId);
    await first.start();
    await site.drained();
    const after = await rowOf(userId);
    expect(after).toStartWith(`${userId} 5 `);
    if (before !== undefined) expect(after).toBe(before);
    expect(await site.client.llen("queue:dead:{EU}")).toBe(0);
  }

  test("after the peek: the next drainer writes the event", async () => {
    const write = await enter("after-peek");
    await Promise.all([first.toPostgres.catchRequest('"after-peek"'), write()]);
    await first.kill();
    expect(await rowOf("after-peek")).toBeUndefined();
    await expectRedelivery("after-peek");
  }, 20_000);

  test("after the commit, before its reply: the repeated batch changes nothing", async () => {
    const write = await enter("after-upsert");
    await Promise.all([first.toPostgres.catchReply('"after-upsert"'), write()]);
    await until(async () => (await rowOf("after-upsert")) !== undefined);
    await first.kill();
    await expectRedelivery("after-upsert");
  }, 20_000);

  test("before the trim reaches Redis: the repeated batch changes nothing", async () => {
    const write = await enter("before-trim");
    await Promise.all([first.toRedis.catchRequest("queue:dead:{eu}"), write()]);
    await first.kill();
    expect(await rowOf("before-trim")).toStartWith("before-trim 5 ");
    await expectRedelivery("before-trim");
  }, 20_000);
});
