import { Counter, Gauge, type Registry } from "prom-client";
import { metricName } from "shared/service/metric-name";

export interface WriteMetrics {
  onReplay(): void;
  onLostWrites(shard: string, writes: number): void;
}

/** @param queueMax events that a queue may hold before writes are refused */
export function measureWrites(registry: Registry, queueMax: number): WriteMetrics {
  const registers = [registry];
  const replays = new Counter({
    name: metricName("ranker_idempotent_replays_total"),
    help: "Writes answered with what was kept for their Idempotency-Key.",
    registers,
  });
  const lost = new Counter({
    name: metricName("ranker_lost_writes_total"),
    help: "Writes that this ranker acknowledged, and that neither Redis nor PostgreSQL has after Redis lost data.",
    labelNames: ["shard"] as const,
    registers,
  });
  new Gauge({
    name: metricName("ranker_queue_events_max"),
    help: "QUEUE_MAX: at so many events in a queue its writers are answered 429.",
    registers,
  }).set(queueMax);
  return {
    onReplay: () => replays.inc(),
    onLostWrites: (shard, writes) => lost.inc({ shard }, writes),
  };
}
