import { Gauge, type Registry } from "prom-client";
import { metricName } from "shared/service/metric-name";
import type { Deletions } from "./deleted-boards.ts";

export interface PurgeMetrics {
  /** What a look found when it began; undefined where another drainer looks. */
  onLook(found: Deletions | undefined): void;
}

/** Metrics of the boards that are being deleted. The drainer that purges them reports them. */
export function measurePurges(registry: Registry, now: () => number = Date.now): PurgeMetrics {
  const registers = [registry];
  let since: number | undefined;
  const boards = new Gauge({
    registers,
    name: metricName("drainer_deleting_boards"),
    help: "Deleted boards of which something is left in a store.",
  });
  new Gauge({
    registers,
    name: metricName("drainer_oldest_deletion_age_seconds"),
    help: "Time since the deletion of the board that is being deleted for longest.",
    collect() {
      this.set(since === undefined ? 0 : Math.max(0, now() / 1000 - since));
    },
  });
  return {
    onLook(found) {
      const [oldest] = found?.oldest ?? [];
      since = oldest && oldest.rev / 1e6;
      boards.set(found?.count ?? 0);
    },
  };
}
