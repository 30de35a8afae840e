import { Counter, Gauge, type Registry } from "prom-client";
import { metricName } from "shared/service/metric-name";
import type { Archived } from "../archive/archive-seasons.ts";
import type { SealedBoards } from "./seal-boards.ts";

export interface EndMetrics {
  /** What a look found and did; undefined where another drainer looks. */
  onSeal(sealed: SealedBoards | undefined): void;
  onArchive(archived: Archived | undefined): void;
  /** The number of seasons that run; undefined where another drainer looks. */
  onCount(running: number | undefined): void;
}

/** Metrics of ends of seasons. The drainer that ends them reports them. */
export function measureEnds(registry: Registry, now: () => number = Date.now): EndMetrics {
  const registers = [registry];

  /** @returns sets since when (µs) something is late */
  function age(name: string, help: string): (us: number | undefined) => void {
    let since: number | undefined;
    new Gauge({
      registers,
      name: metricName(name),
      help,
      collect() {
        this.set(since === undefined ? 0 : Math.max(0, (now() - since / 1_000) / 1_000));
      },
    });
    return (us) => {
      since = us;
    };
  }

  const setUnsealed = age(
    "drainer_season_end_late_seconds",
    "Time since the oldest end of a season that a shard has not met; 0 where there is none.",
  );
  const setClosing = age(
    "drainer_season_final_late_seconds",
    "Time since the end of the oldest season that is not final; 0 where there is none.",
  );
  const finished = new Counter({
    registers,
    name: metricName("drainer_seasons_final_total"),
    help: "Seasons that became final.",
  });
  const seasons = new Gauge({
    registers,
    name: metricName("drainer_seasons"),
    labelNames: ["state"],
    help: "Seasons that run, that have ended and are counted, and that a dead event or a missing row holds back.",
  });
  return {
    onSeal: (sealed) => setUnsealed(sealed?.oldest),
    onArchive(archived) {
      setClosing(archived?.oldest);
      finished.inc(archived?.finished ?? 0);
      seasons.set({ state: "closing" }, archived?.closing ?? 0);
      seasons.set({ state: "incomplete" }, archived?.incomplete ?? 0);
    },
    onCount: (running = 0) => seasons.set({ state: "running" }, running),
  };
}
