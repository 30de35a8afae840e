import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log/log";
import type { Lease } from "../leases/lease.ts";
import type { PlanBoards } from "./plan-boards.ts";
import type { PlanMetrics } from "./plan-metrics.ts";

export interface PlanWatch {
  /** Looks at once: a definition may have come to PostgreSQL. */
  wake(): void;
  stop(): Promise<void>;
}

export interface PlanWatchOptions {
  planBoards: PlanBoards;
  /**
   * Of the accounts' queue: the drainer that holds it plans. It saves double work; two are safe.
   */
  lease: () => Pick<Lease, "isHeld"> | undefined;
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
  let isFailing = false;

  async function look(): Promise<void> {
    if (lease()?.isHeld() !== true) return metrics.onLook(undefined);
    metrics.onLook(await planBoards());
    isFailing = false;
  }

  async function loop(): Promise<void> {
    for (;;) {
      await delay(lookEveryMs, undefined, { signal: AbortSignal.any([signal, sleep.signal]) }).catch(() => {});
      signal.throwIfAborted();
      sleep = new AbortController();
      await look().catch((error: unknown) => {
        if (!isFailing) log.warn({ err: error }, "seasons could not be planned");
        isFailing = true;
      });
      await delay(PAUSE_MS, undefined, { signal });
    }
  }

  const running = loop().catch(() => {}); // stop() aborts the pause
  return {
    wake: () => sleep.abort(),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
