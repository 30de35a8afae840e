import { fenceKeys } from "../redis/keys.ts";
import { defineScript, type Redis, runAt } from "../redis/redis.ts";
import { type Fence, LOST, parseFence } from "./fence.ts";
import putSource from "./put-fence.lua" with { type: "text" };

/** What a store says of itself, in one moment. */
export interface FencedStore {
  /** As it stands in the store, empty where there is none. */
  text: string;
  fence: Fence | undefined;
  /** The last version given out, in microseconds; nothing where none ever was. */
  clock: number | undefined;
  /** The run of the server that answered; nothing while that is not known. */
  run: string | undefined;
}

/** Whether the store may be written on the run that has answered. */
export const isOpen = ({ fence, run }: FencedStore): boolean => fence?.run !== undefined && fence.run === run;

const TRIES_MAX = 2;

const putScript = defineScript({ name: "put-fence", source: putSource, parse: (reply) => reply === 1 });

/** @param tag of a shard, or `accounts` @throws what Redis throws */
export async function readFence(redis: Redis, tag: string): Promise<FencedStore> {
  const keys = fenceKeys(tag);
  for (let tries = 1; ; tries++) {
    const before = runAt(redis, keys[0]);
    const [text = null, clock = null] = await redis.mget(keys);
    // The first answer on a new connection comes behind the one that tells the run; and a failover may have changed which
    // server answers, so that an answer belongs to a run only where that is the same before and after.
    const run = before === runAt(redis, keys[0]) ? before : undefined;
    if (run === undefined && tries < TRIES_MAX) continue;
    return { text: text ?? "", fence: parseFence(text), clock: clock === null ? undefined : Number(clock), run };
  }
}

/**
 * Puts up a fence, unless the store has changed since it was judged.
 *
 * @param raises whether the clock goes above every version that was ever given out, as it has to after a loss
 * @returns false when the store has changed: then nothing was done
 */
export function putFence(
  redis: Redis,
  tag: string,
  judged: FencedStore,
  fence: Omit<Fence, "from">,
  { raises }: { raises: boolean },
): Promise<boolean> {
  const args = [judged.text, judged.clock ?? 0, fence.origin, fence.kept, fence.run ?? LOST, raises ? 1 : 0];
  return putScript(redis, fenceKeys(tag), args);
}
