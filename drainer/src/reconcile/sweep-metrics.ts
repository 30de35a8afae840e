import { Counter, Gauge, type Registry } from "prom-client";
import { metricName } from "shared/service/metric-name";
import { DRIFT_KINDS, type DriftKind } from "./compare.ts";

export interface SweepMetrics {
  /** The number of drifts of each kind that a sweep found in each queue that it compared. */
  onSweep(found: ReadonlyMap<string, Partial<Record<DriftKind, number>>>, seconds: number): void;
  onFailure(): void;
}

/** Metrics of the last comparison of Redis with PostgreSQL. */
export function measureSweeps(registry: Registry, now: () => number = Date.now): SweepMetrics {
  const registers = [registry];
  const drift = new Gauge({
    registers,
    name: metricName("drainer_drift_entries"),
    labelNames: ["queue", "kind"] as const,
    help: "Players whom the last sweep found different in Redis and PostgreSQL, though nothing of them was queued.",
  });
  const finishedAt = new Gauge({
    registers,
    name: metricName("drainer_sweep_timestamp_seconds"),
    help: "When the last sweep ended, in Unix time.",
  });
  const duration = new Gauge({
    registers,
    name: metricName("drainer_sweep_duration_seconds"),
    help: "How long the last sweep took, its pauses included.",
  });
  const failures = new Counter({
    registers,
    name: metricName("drainer_sweep_failures_total"),
    help: "Sweeps that Redis or PostgreSQL broke off.",
  });
  return {
    onSweep(found, seconds) {
      drift.reset(); // a queue that another drainer has taken over is reported there
      for (const [queue, kinds] of found) {
        for (const kind of DRIFT_KINDS) drift.set({ queue, kind }, kinds[kind] ?? 0);
      }
      finishedAt.set(now() / 1000);
      duration.set(seconds);
    },
    onFailure: () => failures.inc(),
  };
}
