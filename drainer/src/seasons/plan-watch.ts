import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log/log";
import { keepLooking, type LookOptions } from "../leases/keep-looking.ts";
import type { PlanBoards } from "./plan-boards.ts";
import type { PlanMetrics } from "./plan-metrics.ts";

export interface PlanWatch {
  /** Looks at once: a definition may have come to PostgreSQL. */
  wake(): void;
  stop(): Promise<void>;
}

export interface PlanWatchOptions {
  planBoards: PlanBoards;
  /** Of the accounts' queue. */
  lease: LookOptions<unknown>["lease"];
  log: Log;
  metrics: PlanMetrics;
  lookEveryMs?: number;
}

const LOOK_EVERY_MS = 1_000;
/** Between two looks, however often the watch is woken. */
const PAUSE_MS = 100;

/** Looks for seasons to plan, every second and when it is woken. */
export function startPlanWatch(options: PlanWatchOptions): PlanWatch {
  const { planBoards, lease, log, metrics, lookEveryMs = LOOK_EVERY_MS } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let sleep = new AbortController();

  async function rest(): Promise<void> {
    await delay(PAUSE_MS, undefined, { signal });
    const woken = AbortSignal.any([signal, sleep.signal]);
    await delay(lookEveryMs - PAUSE_MS, undefined, { signal: woken }).catch(() => {});
    sleep = new AbortController();
  }

  const running = keepLooking({
    lease,
    look: planBoards,
    onLook: metrics.onLook,
    rest,
    log,
    warning: "seasons could not be planned",
    signal,
  });
  return {
    wake: () => sleep.abort(),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
