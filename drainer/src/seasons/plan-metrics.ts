import { Counter, Gauge, type Registry } from "prom-client";
import { metricName } from "shared/service/metric-name";
import type { Planned } from "./plan-boards.ts";

export interface PlanMetrics {
  /** What a look found and did; undefined where another drainer looks. */
  onLook(planned: Planned | undefined): void;
}

/** Metrics of the planner of seasons. The drainer that plans reports them. */
export function measurePlans(registry: Registry, now: () => number = Date.now): PlanMetrics {
  const registers = [registry];
  let since: number | undefined;
  const plans = new Counter({
    registers,
    name: metricName("drainer_season_plans_total"),
    help: "Plans of a board's seasons that were written.",
  });
  new Gauge({
    registers,
    name: metricName("drainer_season_plan_late_seconds"),
    help: "Time since the oldest plan of seasons should have been made or extended; 0 where none is due.",
    collect() {
      this.set(since === undefined ? 0 : Math.max(0, now() / 1000 - since));
    },
  });
  return {
    onLook(planned) {
      since = planned?.oldest === undefined ? undefined : planned.oldest / 1e6;
      plans.inc(planned?.written ?? 0);
    },
  };
}
