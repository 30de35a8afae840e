import { Counter, Gauge, type Registry } from "prom-client";
import { metricName } from "shared/service/metric-name";
import type { StoreState } from "./guard.ts";

/**
 * Metrics of the store behind each queue: whether it may be written, and how often it lost data.
 */
export function measureStoreStates(registry: Registry): (queue: string, state: StoreState | undefined) => void {
  const options = { labelNames: ["queue"] as const, registers: [registry] };
  const open = new Gauge({
    ...options,
    name: metricName("drainer_store_open"),
    help: "1 while the queue's Redis may be written; 0 while it is compared with PostgreSQL, restored, or another's.",
  });
  const losses = new Counter({
    ...options,
    name: metricName("drainer_store_losses_total"),
    help: "Times that the queue's Redis was found to have lost data, and was restored from PostgreSQL.",
  });
  return (queue, state) => {
    // Another drainer holds the queue, and reports its store.
    if (state === undefined) return open.remove({ queue });
    open.set({ queue }, state === "open" ? 1 : 0);
    losses.inc({ queue }, state === "lost" ? 1 : 0); // starts at 0, so that the first loss is an increase
  };
}
