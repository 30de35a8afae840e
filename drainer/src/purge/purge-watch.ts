import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log/log";
import type { Lease } from "../leases/lease.ts";
import type { Sides } from "../subjects/sides.ts";
import { createPurgeBoards } from "./purge-boards.ts";
import type { PurgeMetrics } from "./purge-metrics.ts";

export interface PurgeWatch {
  /** Ends the present purge, too; the next drainer goes on. */
  stop(): Promise<void>;
}

export interface PurgeWatchOptions {
  sides: Sides;
  /**
   * Of the accounts' queue: the drainer that holds it purges. It saves double work; two are safe.
   * It is not taken here, so that a drainer which fails can leave it to another one.
   */
  lease: () => Pick<Lease, "isHeld"> | undefined;
  log: Log;
  metrics: PurgeMetrics;
  lookEveryMs?: number;
}

const LOOK_EVERY_MS = 1_000;
// A pause after each page, in units of the time that the page took: a purge takes half of one
// connection at the most.
const PAUSE_PER_WORK = 1;

/** Looks for deleted boards, and removes what they have left. */
export function startPurgeWatch(options: PurgeWatchOptions): PurgeWatch {
  const { sides, lease, log, metrics, lookEveryMs = LOOK_EVERY_MS } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const rest = (ms: number) => delay(ms, undefined, { signal });
  const purgeBoards = createPurgeBoards({
    ...sides,
    log,
    signal,
    onPage: (busyMs) => rest(busyMs * PAUSE_PER_WORK),
  });
  let isFailing = false;

  async function look(): Promise<void> {
    if (lease()?.isHeld() !== true) return metrics.onLook(undefined);
    metrics.onLook(await purgeBoards());
    isFailing = false;
  }

  async function loop(): Promise<void> {
    for (;;) {
      await rest(lookEveryMs);
      await look().catch((error: unknown) => {
        if (signal.aborted) throw error;
        if (!isFailing) log.warn({ err: error }, "deleted boards could not be looked for");
        isFailing = true;
      });
    }
  }

  const running = loop().catch(() => {}); // stop() aborts the pause
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
