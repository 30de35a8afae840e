import { type Refused, toDeadEntry } from "shared/model/dead-entry";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import source from "./acknowledge.lua" with { type: "text" };
import type { QueueKeys } from "./queues.ts";

const layout = defineLayout({
  keys: ["queue", "dead"],
  args: { count: "number", newest: "bytes", oldest: "bytes" },
  item: { entry: "text" },
});
const script = defineScript({ name: "acknowledge", source, layout, parse: (reply) => reply === 1 });

/**
 * Trims peeked events from a queue, and puts the refused ones into the dead list.
 *
 * @param events consecutive events from the queue's old end, at least one
 * @returns false when an end of the batch is no longer where it was; then nothing has changed
 */
export function acknowledge(
  redis: Redis,
  keys: QueueKeys,
  events: readonly Buffer[],
  refused: readonly Refused[],
  now: Date,
): Promise<boolean> {
  const [oldest, newest] = [events[0], events.at(-1)];
  if (oldest === undefined || newest === undefined) throw new RangeError("there is nothing to acknowledge");
  const args = layout.toArgs({ count: events.length, newest, oldest });
  args.push(...refused.flatMap((event) => layout.toItem({ entry: toDeadEntry(event, now) })));
  return script(redis, layout.toKeys(keys), args);
}
