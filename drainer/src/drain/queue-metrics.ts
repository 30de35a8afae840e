import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { versionIn } from "shared/model/events";
import type { Redis } from "shared/redis/redis";
import { metricName } from "shared/service/metric-name";
import type { QueueKeys } from "../queues/queues.ts";
import type { Step } from "./drain.ts";

export interface QueueMetrics {
  onStep(tag: string, step: Step, seconds: number): void;
  onFailure(tag: string): void;
}

const BATCH_BUCKETS = [1, 10, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];
const SECONDS_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/**
 * Metrics of the queues. A scrape reads their lengths from Redis, and leaves a queue out whose
 * Redis does not answer.
 */
export function measureQueues(
  registry: Registry,
  queues: readonly { redis: Redis; keys: QueueKeys }[],
  now: () => number = Date.now,
): QueueMetrics {
  const options = { labelNames: ["queue"] as const, registers: [registry] };

  function gauge(name: string, help: string, read: (redis: Redis, keys: QueueKeys) => Promise<number>): void {
    new Gauge({
      ...options,
      name: metricName(name),
      help,
      async collect() {
        this.reset();
        await Promise.all(
          queues.map(async ({ redis, keys }) => {
            const value = await read(redis, keys).catch(() => undefined);
            if (value !== undefined) this.set({ queue: keys.tag }, value);
          }),
        );
      },
    });
  }

  gauge("drainer_queue_events", "Events that wait for PostgreSQL.", (redis, { queue }) => redis.llen(queue));
  gauge("drainer_dead_events", "Events that PostgreSQL refused.", (redis, { dead }) => redis.llen(dead));
  gauge("drainer_oldest_event_age_seconds", "Age of the event that waits longest.", async (redis, { queue }) => {
    const oldest = await redis.lindex(queue, -1);
    return oldest === null ? 0 : ageSeconds(oldest, now());
  });

  const counter = (name: string, help: string) => new Counter({ ...options, name: metricName(name), help });
  const events = counter("drainer_events_total", "Events taken off the queue.");
  const rows = counter("drainer_rows_total", "Rows that changed in PostgreSQL.");
  const refused = counter("drainer_refused_events_total", "Events moved to the dead ones.");
  const repeated = counter("drainer_repeated_batches_total", "Batches that another drainer had acknowledged first.");
  const failures = counter("drainer_failures_total", "Steps that failed and were tried again.");
  const batch = new Histogram({
    ...options,
    name: metricName("drainer_batch_events"),
    help: "Events in a batch.",
    buckets: BATCH_BUCKETS,
  });
  const duration = new Histogram({
    ...options,
    name: metricName("drainer_batch_duration_seconds"),
    help: "Time from peek to acknowledgement; from one acknowledgement to the next where full batches follow each other.",
    buckets: SECONDS_BUCKETS,
  });

  return {
    onStep(queue, step, seconds) {
      if (step.state !== "drained") return;
      batch.observe({ queue }, step.events);
      duration.observe({ queue }, seconds);
      rows.inc({ queue }, step.rows);
      if (!step.isTrimmed) return repeated.inc({ queue });
      events.inc({ queue }, step.events);
      refused.inc({ queue }, step.refused);
    },
    onFailure: (queue) => failures.inc({ queue }),
  };
}

/** Seconds since the version of an event; 0 where its text has none. */
export function ageSeconds(event: string, nowMs: number): number {
  const us = versionIn(event) ?? nowMs * 1000;
  return Math.max(0, nowMs / 1000 - us / 1e6);
}
