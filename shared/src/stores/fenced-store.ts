import { fenceKeys } from "../redis/keys.ts";
import { type Redis, runAt } from "../redis/redis.ts";
import { defineLayout, defineScript } from "../redis/scripts/define-script.ts";
import { versionsPart } from "../redis/scripts/parts.ts";
import { type Fence, LOST, parseFence } from "./fence.ts";
import putSource from "./put-fence.lua" with { type: "text" };

/** The fence, clock and run of a store at one moment. */
export interface FencedStore {
  /** The fence as stored; empty if there is none. */
  text: string;
  fence: Fence | undefined;
  /** The last version given out (µs); `undefined` if there was none. */
  clock: number | undefined;
  /** The run of the server that answered; `undefined` while it is not known. */
  run: string | undefined;
}

/** Whether scripts may write on the run that answered. */
export const isOpen = ({ fence, run }: FencedStore): boolean => fence?.run !== undefined && fence.run === run;

const TRIES_MAX = 2;

const layout = defineLayout({
  keys: ["fence", "clock"],
  args: { known: "text", least: "number", origin: "text", keptVersion: "text", run: "text", raises: "flag" },
});
const putScript = defineScript({
  name: "put-fence",
  source: putSource,
  parts: [versionsPart],
  layout,
  parse: (reply) => reply === 1,
});

/** @param tag of a shard, or `accounts` @throws what Redis throws */
export async function readFence(redis: Redis, tag: string): Promise<FencedStore> {
  const keys = fenceKeys(tag);
  for (let tries = 1; ; tries++) {
    const before = runAt(redis, keys[0]);
    const [text = null, clock = null] = await redis.mget(keys);
    // On a new connection the run is known only with the first answer, and a failover may change
    // the server meanwhile: the answer belongs to a run that is the same before and after.
    const run = before === runAt(redis, keys[0]) ? before : undefined;
    if (run === undefined && tries < TRIES_MAX) continue;
    return { text: text ?? "", fence: parseFence(text), clock: clock === null ? undefined : Number(clock), run };
  }
}

/**
 * Writes a fence, unless the store has changed since it was judged.
 *
 * @param raises whether to raise the clock above every version ever given out, as is needed after a
 *   loss
 * @returns false when the store has changed; then nothing was written
 */
export function putFence(
  redis: Redis,
  tag: string,
  judged: FencedStore,
  fence: Omit<Fence, "from">,
  { raises }: { raises: boolean },
): Promise<boolean> {
  const { text: known, clock: least = 0 } = judged;
  const { origin, keptVersion, run = LOST } = fence;
  return putScript(redis, fenceKeys(tag), layout.toArgs({ known, least, origin, keptVersion, run, raises }));
}
