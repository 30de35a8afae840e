import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log";
import { checkSplit } from "shared/split";
import { type RestoreOptions, restore } from "./restore.ts";

/** Restores the shard of a tag, or the accounts; resolves when all of it is back. */
export type RestoreTag = (tag: string) => Promise<void>;

// Shards of one Redis are found to have lost data one after another, within a look at each.
const GATHER_MS = 200;

/**
 * Restores shards that lost data, one pass after another: those that are found in a short while share a pass, which reads
 * the tables once for all of them.
 *
 * @param signal ends a pass that is under way, at its next page
 */
export function createRestorer(
  options: Omit<RestoreOptions, "only" | "onProgress">,
  { log, signal }: { log: Log; signal: AbortSignal },
): RestoreTag {
  let gathering: { tags: Set<string>; done: Promise<void> } | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function pass(tags: Set<string>, before: Promise<unknown>): Promise<void> {
    await before;
    await delay(GATHER_MS, undefined, { signal });
    gathering = undefined;
    const counts = await restore({ ...options, only: tags, onProgress: () => signal.throwIfAborted() });
    // An emptied store has lost the number of its partitions as well.
    const regions = new Set(options.topology.shards.filter((shard) => tags.has(shard.tag)).map(({ region }) => region));
    for (const region of regions) await checkSplit(options.stores.of(region), options.topology, region);
    log.warn({ queues: [...tags], ...counts }, "restored from postgres");
  }

  return (tag) => {
    if (gathering === undefined) {
      const tags = new Set<string>();
      const done = pass(tags, last).finally(() => {
        if (gathering?.tags === tags) gathering = undefined;
      });
      gathering = { tags, done };
      last = done.catch(() => {}); // thrown where it is awaited
    }
    gathering.tags.add(tag);
    return gathering.done;
  };
}
