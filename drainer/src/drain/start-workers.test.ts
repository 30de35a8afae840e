import { expect, test } from "bun:test";
import { createLog } from "shared/log/log";
import { NODE_READY } from "shared/redis/cluster";
import { isCluster } from "shared/redis/redis";
import { forFile } from "testing/for-file";
import { scratchRedisClient } from "testing/scratch";
import { unshared } from "../leases/lease.ts";
import type { QueueDrain } from "./queue-drains.ts";
import { startWorkers } from "./start-workers.ts";

const { redis } = await forFile(scratchRedisClient());

test("the queues of one store share a listener, which wakes all their workers when the store is back", async () => {
  const steps = new Map<string, number>();
  const again = Promise.withResolvers<void>();
  const queues = Array.from({ length: 17 }, (_, n): QueueDrain => {
    const tag = `EU.${n}`;
    const keys = { tag, queue: `queue:{${tag}}`, dead: `dead:{${tag}}`, lease: `lease:{${tag}}` };
    return {
      keys,
      redis,
      database: {} as QueueDrain["database"],
      region: "EU",
      lease: unshared,
      async drain() {
        steps.set(tag, (steps.get(tag) ?? 0) + 1);
        if (steps.size === 17 && [...steps.values()].every((count) => count > 1)) again.resolve();
        return { state: "empty" };
      },
    };
  });
  const event = isCluster(redis) ? NODE_READY : "ready";
  const before = redis.listenerCount(event);
  const workers = startWorkers(queues, {
    whenReady: async () => {},
    isStopping: () => false,
    onStep: () => {},
    onFailure: () => {},
    intervalMs: 3_600_000,
    log: createLog("test", "silent"),
  });
  await Promise.all(workers.firstSteps);
  redis.emit(event);
  await again.promise;
  expect(redis.listenerCount(event)).toBe(before + 1);
  await workers.stop(0);
});
