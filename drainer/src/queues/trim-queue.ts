import { type Refused, toDeadElement } from "shared/model/dead-element";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import type { QueueKeys } from "./queues.ts";
import source from "./trim-queue.lua" with { type: "text" };

const layout = defineLayout({
  keys: ["queue", "dead"],
  args: { count: "number", newest: "bytes", oldest: "bytes" },
  item: { element: "text" },
});
const script = defineScript({ name: "trim-queue", source, layout, parse: (reply) => reply === 1 });

/**
 * Trims peeked events from a queue, and puts the refused ones into the dead list.
 *
 * @param events consecutive events from the queue's old end, at least one
 * @returns false when an end of the batch is no longer where it was; then nothing has changed
 */
export function trimQueue(
  redis: Redis,
  keys: QueueKeys,
  events: readonly Buffer[],
  refused: readonly Refused[],
  now: Date,
): Promise<boolean> {
  const [oldest, newest] = [events[0], events.at(-1)];
  if (oldest === undefined || newest === undefined) throw new RangeError("there is nothing to trim");
  const args = layout.toArgs({ count: events.length, newest, oldest });
  args.push(...refused.flatMap((event) => layout.toItem({ element: toDeadElement(event, now) })));
  return script(redis, layout.toKeys(keys), args);
}
