import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Redis } from "shared/redis/redis";
import type { Step } from "./drain/drain.ts";
import type { StoreState } from "./guard/guard.ts";
import type { QueueKeys } from "./queues/queue.ts";
import { DRIFT_KINDS, type DriftKind } from "./reconcile/compare.ts";

export interface QueueMetrics {
  onStep(tag: string, step: Step, seconds: number): void;
  onFailure(tag: string): void;
}

const BATCH_BUCKETS = [1, 10, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];
const SECONDS_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** What a scrape sees of the queues: read from Redis at that moment, left out where Redis does not answer. */
export function measureQueues(
  registry: Registry,
  queues: readonly { redis: Redis; keys: QueueKeys }[],
  now: () => number = Date.now,
): QueueMetrics {
  const options = { labelNames: ["queue"] as const, registers: [registry] };

  function gauge(name: string, help: string, read: (redis: Redis, keys: QueueKeys) => Promise<number>): void {
    new Gauge({
      ...options,
      name,
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

  const counter = (name: string, help: string) => new Counter({ ...options, name, help });
  const events = counter("drainer_events_total", "Events taken off the queue.");
  const rows = counter("drainer_rows_total", "Rows that changed in PostgreSQL.");
  const refused = counter("drainer_refused_events_total", "Events moved to the dead ones.");
  const repeated = counter("drainer_repeated_batches_total", "Batches that another drainer had acknowledged first.");
  const failures = counter("drainer_failures_total", "Steps that failed and were tried again.");
  const batch = new Histogram({
    ...options,
    name: "drainer_batch_events",
    help: "Events in a batch.",
    buckets: BATCH_BUCKETS,
  });
  const duration = new Histogram({
    ...options,
    name: "drainer_batch_duration_seconds",
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

/** Seconds since the event's version; 0 for one that tells none. */
export function ageSeconds(event: string, nowMs: number): number {
  const us = Number(/"updated_at":"(\d+)"/.exec(event)?.[1] ?? nowMs * 1000);
  return Math.max(0, nowMs / 1000 - us / 1e6);
}

/** Whether each queue's Redis may be written, and how often one was found to have lost data. */
export function measureStoreStates(registry: Registry): (queue: string, state: StoreState | undefined) => void {
  const options = { labelNames: ["queue"] as const, registers: [registry] };
  const open = new Gauge({
    ...options,
    name: "drainer_store_open",
    help: "1 while the queue's Redis may be written; 0 while it is compared with PostgreSQL, restored, or another's.",
  });
  const losses = new Counter({
    ...options,
    name: "drainer_store_losses_total",
    help: "Times that the queue's Redis was found to have lost data, and was restored from PostgreSQL.",
  });
  return (queue, state) => {
    // What another drainer looks after is that one's to tell.
    if (state === undefined) return open.remove({ queue });
    open.set({ queue }, state === "open" ? 1 : 0);
    losses.inc({ queue }, state === "lost" ? 1 : 0); // from 0 on, so that the first one is an increase
  };
}

export interface SweepMetrics {
  /** What a whole sweep found in each queue that it looked at. */
  onSweep(found: ReadonlyMap<string, Partial<Record<DriftKind, number>>>, seconds: number): void;
  onFailure(): void;
}

/** What the last comparison of Redis with PostgreSQL found. */
export function measureSweeps(registry: Registry, now: () => number = Date.now): SweepMetrics {
  const registers = [registry];
  const drift = new Gauge({
    registers,
    name: "drainer_drift_entries",
    labelNames: ["queue", "kind"] as const,
    help: "Players whom the last sweep found different in Redis and PostgreSQL, though nothing of them was queued.",
  });
  const finishedAt = new Gauge({
    registers,
    name: "drainer_sweep_timestamp_seconds",
    help: "When the last sweep ended, in Unix time.",
  });
  const duration = new Gauge({
    registers,
    name: "drainer_sweep_duration_seconds",
    help: "How long the last sweep took, its pauses included.",
  });
  const failures = new Counter({
    registers,
    name: "drainer_sweep_failures_total",
    help: "Sweeps that Redis or PostgreSQL broke off.",
  });
  return {
    onSweep(found, seconds) {
      drift.reset(); // what another drainer has taken over is its to tell
      for (const [queue, kinds] of found) {
        for (const kind of DRIFT_KINDS) drift.set({ queue, kind }, kinds[kind] ?? 0);
      }
      finishedAt.set(now() / 1000);
      duration.set(seconds);
    },
    onFailure: () => failures.inc(),
  };
}
