import type { Log } from "shared/log/log";
import { createSettings } from "shared/settings/settings";
import type { Sides } from "../subjects/sides.ts";
import { type Deletion, type Deletions, readDeletions } from "./deleted-boards.ts";
import { purgeRegion } from "./purge-region.ts";

export interface PurgeBoardsOptions extends Sides {
  log: Log;
  /** Called after each page with the time that it took. */
  onPage: (busyMs: number) => Promise<void>;
  /** Ends a purge at its next page; another call goes on with it. */
  signal: AbortSignal;
}

/**
 * Failures of a region in one look, after which the other boards wait for the next: each waits for
 * a time-out.
 */
const FAILURES_MAX = 3;

/**
 * Removes what deleted boards have left in all stores, and frees their ids. Called again and again:
 * a board of which a region is away, or has events in its queue, is left for the next time.
 *
 * @returns the boards that were being deleted when it began
 * @throws what the home Redis or the home database throw; the reason of `signal`
 */
export type PurgeBoards = () => Promise<Deletions>;

export function createPurgeBoards({ log, onPage, signal, ...sides }: PurgeBoardsOptions): PurgeBoards {
  const { topology, stores, databases } = sides;
  // One event for each deletion: no limit of the queue keeps an id from its end.
  const settings = createSettings({ home: stores.home, queueMax: Number.MAX_SAFE_INTEGER });
  const regionsByDatabase = [...Map.groupBy(topology.regions, (region) => databases.of(region)).values()];
  /** By board, revision and region. */
  let clocksOf = new Map<string, Map<string, number>>();
  /** What was logged once: a region may be away for days. */
  let failing = new Set<string>();

  async function purgeIn({ id, rev }: Deletion, region: string, failures: Map<string, number>): Promise<boolean> {
    const failed = failures.get(region) ?? 0;
    if (failed >= FAILURES_MAX) return false;
    const name = `${id} ${rev} ${region}`;
    const clocks = clocksOf.get(name) ?? new Map<string, number>();
    clocksOf.set(name, clocks);
    try {
      const isPurged = await purgeRegion({ ...sides, clocks, onPage }, { id, rev, region });
      failing.delete(name);
      return isPurged;
    } catch (error) {
      if (signal.aborted) throw error;
      failures.set(region, failed + 1);
      if (!failing.has(name)) log.warn({ board: id, region, err: error }, "a deleted board waits for a region");
      failing.add(name);
      return false;
    }
  }

  /** @returns whether the id is free now */
  async function purge(deletion: Deletion, failures: Map<string, number>): Promise<boolean> {
    const { id, rev } = deletion;
    const setting = await settings.read("boards", id);
    // PostgreSQL is behind.
    if (setting?.version !== String(rev) || setting.value?.state !== "deleting") return false;
    const done = await Promise.all(
      regionsByDatabase.map(async (regions) => {
        let isAll = true;
        for (const region of regions) isAll = (await purgeIn(deletion, region, failures)) && isAll;
        return isAll;
      }),
    );
    if (done.includes(false)) return false;
    return (await settings.put("boards", id, { value: null, replaces: setting.version })) !== undefined;
  }

  return async () => {
    const deletions = await readDeletions(databases.home);
    const failures = new Map<string, number>();
    for (const deletion of deletions.oldest) {
      signal.throwIfAborted();
      if (await purge(deletion, failures))
        log.info({ board: deletion.id, rev: deletion.rev }, "a deleted board is purged");
    }
    const names = new Set(deletions.oldest.map(({ id, rev }) => `${id} ${rev}`));
    const isLeft = (name: string) => names.has(name.slice(0, name.lastIndexOf(" ")));
    clocksOf = new Map([...clocksOf].filter(([name]) => isLeft(name)));
    failing = new Set([...failing].filter(isLeft));
    return deletions;
  };
}
