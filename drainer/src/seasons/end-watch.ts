import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log/log";
import { type DatabaseUrls, openArchiveConnections } from "../archive/archive-connections.ts";
import { createArchiveSeasons } from "../archive/archive-seasons.ts";
import { keepLooking, type LookOptions } from "../leases/keep-looking.ts";
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
  /** Of the accounts' queue. */
  lease: LookOptions<unknown>["lease"];
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
  const archiveSeasons = createArchiveSeasons({ ...sides, archives, log, onPage, signal });

  const watch = { lease, log, signal, rest: () => rest(lookEveryMs) };
  const running = Promise.all([
    keepLooking({ ...watch, look: sealBoards, onLook: metrics.onSeal, warning: "seasons could not be ended" }),
    keepLooking({
      ...watch,
      look: archiveSeasons,
      onLook: metrics.onArchive,
      warning: "seasons could not be archived",
    }),
    keepLooking({
      ...watch,
      look: () => countRunning(sides.databases.home),
      onLook: metrics.onCount,
      rest: () => rest(lookEveryMs * COUNT_EVERY_LOOKS),
      warning: "seasons could not be counted",
    }),
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
