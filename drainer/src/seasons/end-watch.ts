import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log/log";
import { type DatabaseUrls, openArchiveConnections } from "../archive/archive-connections.ts";
import { createArchiveSeasons } from "../archive/archive-seasons.ts";
import type { Lease } from "../leases/lease.ts";
import type { Sides } from "../subjects/sides.ts";
import { countRunning } from "./due-seals.ts";
import type { EndMetrics } from "./end-metrics.ts";
import { createSealBoards } from "./seal-boards.ts";

export interface EndWatch {
  /** Ends the present look, too; the next drainer goes on. */
  stop(): Promise<void>;
}

export interface EndWatchOptions {
  sides: Sides;
  /** An archive has its own connection, as it takes long. */
  urls: DatabaseUrls;
  /**
   * Of the accounts' queue: the drainer that holds it ends seasons. It saves double work; two are
   * safe.
   */
  lease: () => Pick<Lease, "isHeld"> | undefined;
  log: Log;
  metrics: EndMetrics;
  lookEveryMs?: number;
}

const LOOK_EVERY_MS = 1_000;
/** One count of an index, in units of looks. */
const COUNT_EVERY_LOOKS = 15;
/** The end of the process waits so long for a look. */
const STOP_MS = 2_000;
// A pause after each page of rows, in units of the time that the page took.
const PAUSE_PER_WORK = 1;

/**
 * Ends seasons that are over on all shards, and makes those final that have ended. The two go on
 * beside each other: an archive may take minutes.
 */
export function startEndWatch(options: EndWatchOptions): EndWatch {
  const { sides, urls, lease, log, metrics, lookEveryMs = LOOK_EVERY_MS } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const rest = (ms: number) => delay(ms, undefined, { signal });
  const archives = openArchiveConnections(urls);
  const onPage = (busyMs: number) => rest(busyMs * PAUSE_PER_WORK);
  const sealBoards = createSealBoards({ ...sides, log, signal });
  const count = () => countRunning(sides.databases.home);
  const archiveSeasons = createArchiveSeasons({ ...sides, archives, log, onPage, signal });

  async function loop<T>(
    what: string,
    { look, everyMs = lookEveryMs }: { look: () => Promise<T>; everyMs?: number },
    onLook: (found: T | undefined) => void,
  ): Promise<void> {
    let isFailing = false;
    for (;;) {
      await rest(everyMs);
      try {
        onLook(lease()?.isHeld() === true ? await look() : undefined);
        isFailing = false;
      } catch (error) {
        if (signal.aborted) throw error;
        if (!isFailing) log.warn({ err: error }, what);
        isFailing = true;
      }
    }
  }

  // stop() aborts the pauses.
  const running = Promise.allSettled([
    loop("seasons could not be ended", { look: sealBoards }, metrics.onSeal),
    loop("seasons could not be archived", { look: archiveSeasons }, metrics.onArchive),
    loop("seasons could not be counted", { look: count, everyMs: lookEveryMs * COUNT_EVERY_LOOKS }, metrics.onCount),
  ]);
  return {
    async stop() {
      stopping.abort();
      // PostgreSQL goes on with an archive that takes longer, and the next drainer finds it there.
      const isOver = delay(STOP_MS, undefined, { ref: false });
      await Promise.race([running.then(() => archives.close()), isOver]);
    },
  };
}
