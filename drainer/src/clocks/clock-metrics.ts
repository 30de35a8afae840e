import { Gauge, type Registry } from "prom-client";
import { metricName } from "shared/service/metric-name";
import type { ClockOffset } from "./read-clock.ts";

export interface ClockMetrics {
  /** By store, those that answered; undefined where another drainer compares. */
  onOffsets(offsets: ReadonlyMap<string, ClockOffset> | undefined): void;
}

/** Metrics of the stores' clocks. The drainer that compares them reports them. */
export function measureClocks(registry: Registry): ClockMetrics {
  const common = { registers: [registry], labelNames: ["store"] as const };
  const offset = new Gauge({
    ...common,
    name: metricName("drainer_clock_offset_seconds"),
    help: "How far the clock of a store is ahead of that of the home Redis.",
  });
  const error = new Gauge({
    ...common,
    name: metricName("drainer_clock_offset_error_seconds"),
    help: "How far off that may be, either way: half of the time that the answers took.",
  });
  return {
    onOffsets(offsets) {
      offset.reset();
      error.reset();
      for (const [store, { seconds, errorSeconds }] of offsets ?? []) {
        offset.set({ store }, seconds);
        error.set({ store }, errorSeconds);
      }
    },
  };
}
