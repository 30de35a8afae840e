import type { Log } from "shared/log/log";
import { toPlan } from "shared/seasons/plan";
import { createSettings, type Setting } from "shared/settings/settings";
import { mayHaveSeasons } from "../seasons/plan-at.ts";
import type { Sides } from "../subjects/sides.ts";
import { type Deletion, type Deletions, type RegionDeletion, readDeletions } from "./deleted-boards.ts";
import { forgetAllSeasons } from "./deleted-seasons.ts";
import { endRegion, purgeRegion } from "./purge-region.ts";

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

const nameOf = ({ id, rev, region }: RegionDeletion) => `${id} ${rev} ${region}`;

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
  // By board, revision and region.
  let clocksOf = new Map<string, Map<string, number>>();
  /** Where nothing is left. */
  let purged = new Set<string>();
  /** Failures of each region in this look. */
  const failures = new Map<string, number>();
  /** What was logged once: a region may be away for days. */
  let failing = new Set<string>();

  /** @returns what `work` says; false where it fails, which is logged once */
  async function tryIn({ id, region }: RegionDeletion, name: string, work: () => Promise<boolean>): Promise<boolean> {
    const failed = failures.get(region) ?? 0;
    if (failed >= FAILURES_MAX) return false;
    try {
      const isDone = await work();
      failing.delete(name);
      return isDone;
    } catch (error) {
      if (signal.aborted) throw error;
      failures.set(region, failed + 1);
      if (!failing.has(name)) log.warn({ board: id, region, err: error }, "a deleted board waits for a region");
      failing.add(name);
      return false;
    }
  }

  async function purgeIn(deletion: RegionDeletion): Promise<boolean> {
    const name = nameOf(deletion);
    if (purged.has(name)) return true;
    const clocks = clocksOf.get(name) ?? new Map<string, number>();
    clocksOf.set(name, clocks);
    const isPurged = await tryIn(deletion, name, async () =>
      purgeRegion({ ...sides, clocks, plannedSeasons: await plannedSeasonsOf(deletion.id), onPage }, deletion),
    );
    if (isPurged) purged.add(name);
    return isPurged;
  }

  async function plannedSeasonsOf(id: string): Promise<number[]> {
    const plan = toPlan((await settings.read("seasons", id))?.value);
    return plan === undefined ? [] : plan.at.map((_, n) => plan.first + n);
  }

  const endIn = (deletion: RegionDeletion) =>
    tryIn(deletion, nameOf(deletion), async () => {
      await endRegion(sides, deletion);
      return true;
    });

  /**
   * Works on the regions of a database one after another, and on the databases beside each other.
   */
  async function inEveryRegion(deletion: Deletion, work: (deletion: RegionDeletion) => Promise<boolean>) {
    const done = await Promise.all(
      regionsByDatabase.map(async (regions) => {
        let isAll = true;
        for (const region of regions) isAll = (await work({ ...deletion, region })) && isAll;
        return isAll;
      }),
    );
    return !done.includes(false);
  }

  /** @returns whether the id is free now */
  async function purge({ id, rev }: Deletion): Promise<boolean> {
    const setting = await settings.read("boards", id);
    // PostgreSQL is behind.
    if (setting?.version !== String(rev) || setting.value?.state !== "deleting") return false;
    if (!(await inEveryRegion({ id, rev }, purgeIn)) || !(await inEveryRegion({ id, rev }, endIn))) return false;
    await forgetAllSeasons(databases.home, { id, rev });
    if (!(await removePlan(setting))) return false;
    return (await settings.put("boards", id, { value: null, replaces: setting.version })) !== undefined;
  }

  /**
   * Removes the plan of a board's seasons. One that is not there is removed, too: the planner may
   * be about to write the first.
   *
   * @returns false where the planner came between
   */
  async function removePlan({ id, value }: Setting): Promise<boolean> {
    const plan = await settings.read("seasons", id);
    if (plan === undefined ? !mayHaveSeasons(value) : plan.value === null) return true;
    return (await settings.put("seasons", id, { value: null, replaces: plan?.version })) !== undefined;
  }

  return async () => {
    const deletions = await readDeletions(databases.home);
    failures.clear();
    for (const deletion of deletions.oldest) {
      signal.throwIfAborted();
      if (await purge(deletion)) log.info({ board: deletion.id, rev: deletion.rev }, "a deleted board is purged");
    }
    const names = new Set(deletions.oldest.map(({ id, rev }) => `${id} ${rev}`));
    const isLeft = (name: string) => names.has(name.slice(0, name.lastIndexOf(" ")));
    clocksOf = new Map([...clocksOf].filter(([name]) => isLeft(name)));
    failing = new Set([...failing].filter(isLeft));
    purged = new Set([...purged].filter(isLeft));
    return deletions;
  };
}
