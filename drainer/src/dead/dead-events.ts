import { type DeadEvent, readDeadElement } from "shared/model/dead-element";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { peekList } from "../queues/peek-list.ts";
import type { QueueKeys } from "../queues/queues.ts";
import dropSource from "./drop-dead.lua" with { type: "text" };
import retrySource from "./retry-dead.lua" with { type: "text" };

/** Elements read or moved at once; fewer where they are large. */
const PAGE_ELEMENTS = 100;

const retryLayout = defineLayout({ keys: ["dead", "queue"], item: { element: "bytes", event: "bytes" } });
const retryScript = defineScript({ name: "retry-dead", source: retrySource, layout: retryLayout, parse: Number });
const dropLayout = defineLayout({ keys: ["dead"], item: { element: "bytes" } });
const dropScript = defineScript({
  name: "drop-dead",
  source: dropSource,
  layout: dropLayout,
  parse: (reply) => (reply as number[]).map((one) => one === 1),
});

/**
 * All dead events of a queue, oldest first, page by page. Events that die meanwhile are left out.
 */
export async function* readDead(redis: Redis, { dead }: QueueKeys): AsyncGenerator<DeadEvent[]> {
  let read = 0;
  for await (const page of readPages(redis, dead, () => read)) {
    read += page.length;
    yield page;
  }
}

export interface Retried {
  retried: number;
  /** Elements of the dead list that hold no event. `retryDead` leaves them in the list. */
  unreadable: number;
}

/**
 * Puts each dead event back into its queue, once: an event that is refused again stays dead.
 *
 * @throws what Redis throws; each event is then either dead or waiting
 */
export async function retryDead(redis: Redis, keys: QueueKeys, onPage?: (counts: Retried) => void): Promise<Retried> {
  const counts = { retried: 0, unreadable: 0 };
  for await (const page of readPages(redis, keys.dead, () => counts.unreadable)) {
    const pairs = page.flatMap(({ element, raw }) => (raw === undefined ? [] : [{ element, event: raw }]));
    counts.unreadable += page.length - pairs.length;
    if (pairs.length > 0) {
      const args = pairs.reverse().flatMap(retryLayout.toItem);
      counts.retried += await retryScript(redis, retryLayout.toKeys(keys), args);
    }
    onPage?.(counts);
  }
  return counts;
}

/**
 * Deletes the dead events of a queue, and yields the deleted ones page by page. Events that die
 * meanwhile stay.
 */
export async function* dropDead(redis: Redis, keys: QueueKeys): AsyncGenerator<DeadEvent[]> {
  for await (const page of readPages(redis, keys.dead, () => 0)) {
    const isDropped = await dropScript(redis, dropLayout.toKeys(keys), page.flatMap(dropLayout.toItem));
    yield page.filter((_, index) => isDropped[index]);
  }
}

/** Deletes the dead events that `isMeant` names by their bytes; those without any are kept. */
export async function dropDeadWhere(redis: Redis, keys: QueueKeys, isMeant: (event: Buffer) => boolean): Promise<void> {
  let kept = 0;
  for await (const page of readPages(redis, keys.dead, () => kept)) {
    const meant = page.filter(({ raw }) => raw !== undefined && isMeant(raw));
    kept += page.length - meant.length;
    if (meant.length > 0) await dropScript(redis, dropLayout.toKeys(keys), meant.flatMap(dropLayout.toItem));
  }
}

/**
 * As many elements as the list holds now, oldest first, page by page.
 *
 * @param left elements at the old end that the caller has read and left there; it has removed all
 *   others
 */
async function* readPages(redis: Redis, dead: string, left: () => number): AsyncGenerator<DeadEvent[]> {
  let remaining = await redis.llen(dead);
  while (remaining > 0) {
    const page = await peekList(redis, dead, { count: Math.min(PAGE_ELEMENTS, remaining), behind: left() });
    if (page.length === 0) return;
    remaining -= page.length;
    yield page.map(readDeadElement);
  }
}
