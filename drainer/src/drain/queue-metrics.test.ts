import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { Registry } from "prom-client";
import { createLog } from "shared/log/log";
import { connectRedis } from "shared/redis/redis";
import { scoreEvent, startUnderTest, type UnderTest } from "../../test/drainer-under-test.ts";
import { ageSeconds, measureQueues } from "./queue-metrics.ts";

let it: UnderTest;
beforeAll(async () => {
  it = await startUnderTest();
});
afterAll(() => it.close());
beforeEach(() => it.clear());

const sample = async (registry: Registry, name: string) =>
  new RegExp(`^${name}{[^}]*} (.+)$`, "m").exec(await registry.metrics())?.[1];

test("a scrape shows the length of a queue, the age of its oldest event, and its dead events", async () => {
  const registry = new Registry();
  measureQueues(registry, [it], () => 10_000);
  await it.redis.lpush(it.keys.queue, JSON.stringify(scoreEvent("ann", 1, 4_000_000)));
  await it.redis.lpush(it.keys.queue, JSON.stringify(scoreEvent("ann", 2, 9_000_000)));
  await it.redis.lpush(it.keys.dead, "{}");
  expect(await sample(registry, "leaderboard_drainer_queue_events")).toBe("2");
  expect(await sample(registry, "leaderboard_drainer_oldest_event_age_seconds")).toBe("6");
  expect(await sample(registry, "leaderboard_drainer_dead_events")).toBe("1");
});

test("the events of a step are counted, except those of a batch that another drainer acknowledged", async () => {
  const registry = new Registry();
  const metrics = measureQueues(registry, []);
  const step = { state: "drained", events: 5, rows: 3, refused: 1, isTrimmed: true, isFull: false } as const;
  metrics.onStep("EU", step, 0.01);
  metrics.onStep("EU", { ...step, rows: 0, isTrimmed: false }, 0.01);
  metrics.onStep("EU", { state: "empty" }, 0.01);
  expect(await sample(registry, "leaderboard_drainer_events_total")).toBe("5");
  expect(await sample(registry, "leaderboard_drainer_rows_total")).toBe("3");
  expect(await sample(registry, "leaderboard_drainer_refused_events_total")).toBe("1");
  expect(await sample(registry, "leaderboard_drainer_repeated_batches_total")).toBe("1");
});

test("a scrape answers without Redis, and leaves the queues out", async () => {
  const registry = new Registry();
  const away = connectRedis({ url: "redis://127.0.0.1:1", name: "away", log: createLog("test", "silent") });
  measureQueues(registry, [{ redis: away, keys: it.keys }]);
  expect(await sample(registry, "leaderboard_drainer_queue_events")).toBeUndefined();
  away.disconnect();
});

test.each([
  ['{"updated_at":"4000000"}', 6],
  ['{"updated_at":"99000000"}', 0],
  ["not JSON", 0],
])("the age of %s at 10 s is %d s", (event, age) => {
  expect(ageSeconds(event, 10_000)).toBe(age);
});
