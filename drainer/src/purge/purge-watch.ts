import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log/log";
import { keepLooking, type LookOptions } from "../leases/keep-looking.ts";
import type { Sides } from "../subjects/sides.ts";
import { createPurgeBoards } from "./purge-boards.ts";
import type { PurgeMetrics } from "./purge-metrics.ts";

export interface PurgeWatch {
  /** Ends the present purge, too; the next drainer goes on. */
  stop(): Promise<void>;
}

export interface PurgeWatchOptions {
  sides: Sides;
  /** Of the accounts' queue. */
  lease: LookOptions<unknown>["lease"];
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
  const running = keepLooking({
    lease,
    look: purgeBoards,
    onLook: metrics.onLook,
    rest: () => rest(lookEveryMs),
    log,
    warning: "deleted boards could not be looked for",
    signal,
  });
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
