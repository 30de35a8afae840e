import { type Refused, toDeadEntry } from "shared/model/dead-entry";
import type { Redis } from "shared/redis/redis";
import { defineScript } from "shared/redis/scripts/define-script";
import acknowledgeSource from "./acknowledge.lua" with { type: "text" };
import { peekList } from "./peek-list.ts";

/** Where the events of one shard, or of the accounts, wait. */
export interface QueueKeys {
  /** The content of the keys' hash tag: names the queue to people. */
  readonly tag: string;
  readonly queue: string;
  readonly dead: string;
  readonly lease: string;
}

const acknowledgeScript = defineScript({
  name: "acknowledge",
  source: acknowledgeSource,
  parse: (reply) => reply === 1,
});

/** The oldest events of a queue but for `behind`, as {@link peekList} has them. */
export const peek = (redis: Redis, { queue }: QueueKeys, count: number, behind = 0): Promise<Buffer[]> =>
  peekList(redis, queue, count, behind);

/**
 * Takes peeked events off the queue, and keeps the refused ones among the dead.
 *
 * @param events what `peek` returned, at least one
 * @returns false when the queue's end had changed meanwhile: then nothing was done
 */
export function acknowledge(
  redis: Redis,
  { queue, dead }: QueueKeys,
  events: readonly Buffer[],
  refused: readonly Refused[],
  now: Date,
): Promise<boolean> {
  const [oldest, newest] = [events[0], events.at(-1)];
  if (oldest === undefined || newest === undefined) throw new RangeError("there is nothing to acknowledge");
  const deadEntries = refused.map((event) => toDeadEntry(event, now));
  return acknowledgeScript(redis, [queue, dead], [events.length, newest, oldest, ...deadEntries]);
}
