import { type Refused, toDeadEntry } from "shared/dead-entry";
import { defineScript, type Redis } from "shared/redis";
import acknowledgeSource from "./acknowledge.lua" with { type: "text" };

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

/** The oldest events of a queue but for `behind`, up to `count`, byte for byte, oldest first. Nothing is moved. */
export async function peek(redis: Redis, { queue }: QueueKeys, count: number, behind = 0): Promise<Buffer[]> {
  const newestFirst = await redis.lrangeBuffer(queue, -behind - count, -behind - 1);
  return newestFirst.reverse();
}

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
