import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log/log";
import { ACCOUNTS_TAG } from "shared/redis/keys";
import { checkSplit, compareSplit } from "shared/stores/split";
import { type RestoreOptions, restore } from "../restore/restore.ts";

export interface Restorer {
  /**
   * Refuses a shard of another number of partitions: its entries have moved and are not lost.
   *
   * @throws UnfitStore that says what to do
   */
  check(tag: string): Promise<void>;
  /** Restores the shard of a tag, or the accounts; resolves when all entries are back. */
  restore(tag: string): Promise<void>;
}

// The guards find the lost shards of one Redis one after another, within this time.
const GATHER_MS = 200;

/**
 * Restores shards that lost data, one pass after another. Shards of one region that are found
 * within 200 ms share a pass, which reads the tables once for all of them. Regions fail
 * independently of each other.
 *
 * @param signal ends the present pass at its next page
 */
export function createRestorer(
  options: Omit<RestoreOptions, "only" | "onProgress">,
  { log, signal }: { log: Log; signal: AbortSignal },
): Restorer {
  const { topology, stores } = options;
  const regionOf = (tag: string) => topology.shards.find((shard) => shard.tag === tag)?.region ?? ACCOUNTS_TAG;
  const gathering = new Map<string, { tags: Set<string>; done: Promise<void> }>();
  let last: Promise<unknown> = Promise.resolve();

  async function pass(region: string, tags: Set<string>, before: Promise<unknown>): Promise<void> {
    await before;
    await delay(GATHER_MS, undefined, { signal });
    gathering.delete(region);
    // With another number of partitions, entries would go to shards that no ranker reads. An
    // emptied store has lost the number as well.
    if (region !== ACCOUNTS_TAG) await checkSplit(stores.of(region), topology, region);
    const counts = await restore({ ...options, only: tags, onProgress: () => signal.throwIfAborted() });
    if (counts.entries + counts.accounts + counts.settings > 0)
      log.warn({ queues: [...tags], ...counts }, "restored from postgres");
  }

  async function check(tag: string): Promise<void> {
    const region = regionOf(tag);
    if (region !== ACCOUNTS_TAG) await compareSplit(stores.of(region), topology, region);
  }

  function restoreTag(tag: string): Promise<void> {
    const region = regionOf(tag);
    const present = gathering.get(region);
    if (present !== undefined) {
      present.tags.add(tag);
      return present.done;
    }
    const tags = new Set([tag]);
    const done = pass(region, tags, last).finally(() => {
      if (gathering.get(region)?.tags === tags) gathering.delete(region);
    });
    gathering.set(region, { tags, done });
    last = done.catch(() => {}); // thrown where it is awaited
    return done;
  }

  return { check, restore: restoreTag };
}
