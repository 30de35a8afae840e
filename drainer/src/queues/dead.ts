import { type DeadEvent, readDeadEntry } from "shared/model/dead-entry";
import type { Redis } from "shared/redis/redis";
import { defineScript } from "shared/redis/scripts/define-script";
import dropSource from "./drop-dead.lua" with { type: "text" };
import { peekList } from "./peek-list.ts";
import type { QueueKeys } from "./queue.ts";
import retrySource from "./retry-dead.lua" with { type: "text" };

/** Entries read or moved at once; fewer where they are large. */
const PAGE_ENTRIES = 100;

const retryScript = defineScript({ name: "retry-dead", source: retrySource, parse: Number });
const dropScript = defineScript({
  name: "drop-dead",
  source: dropSource,
  parse: (reply) => (reply as number[]).map((one) => one === 1),
});

/** All dead events, oldest first, page by page. Those that die meanwhile are left out. */
export async function* readDead(redis: Redis, { dead }: QueueKeys): AsyncGenerator<DeadEvent[]> {
  const length = await redis.llen(dead);
  for (let read = 0; read < length; ) {
    const page = await peekList(redis, dead, Math.min(PAGE_ENTRIES, length - read), read);
    if (page.length === 0) return;
    read += page.length;
    yield page.map(readDeadEntry);
  }
}

export interface Retried {
  retried: number;
  /** Entries that hold no event; they stay where they are. */
  unreadable: number;
}

/**
 * Puts the dead events of a queue back into it, once each: one that is refused again stays dead.
 *
 * @throws what Redis throws; each event is then dead or waiting, never both or neither
 */
export async function retryDead(redis: Redis, keys: QueueKeys, onPage?: (counts: Retried) => void): Promise<Retried> {
  const counts = { retried: 0, unreadable: 0 };
  for await (const page of takeFromOldEnd(redis, keys, () => counts.unreadable)) {
    const pairs = page.flatMap(({ entry, raw }) => (raw === undefined ? [] : [{ entry, raw }]));
    counts.unreadable += page.length - pairs.length;
    if (pairs.length > 0) {
      const args = pairs.reverse().flatMap(({ entry, raw }) => [entry, raw]);
      counts.retried += await retryScript(redis, [keys.dead, keys.queue], args);
    }
    onPage?.(counts);
  }
  return counts;
}

/** Deletes the dead events of a queue; those that die meanwhile stay. Each page is what was really deleted. */
export async function* dropDead(redis: Redis, keys: QueueKeys): AsyncGenerator<DeadEvent[]> {
  for await (const page of takeFromOldEnd(redis, keys, () => 0)) {
    const isDropped = await dropScript(
      redis,
      [keys.dead],
      page.map(({ entry }) => entry),
    );
    yield page.filter((_, index) => isDropped[index]);
  }
}

/** Deletes the dead events that `isMeant` picks. */
export async function dropDeadOf(redis: Redis, keys: QueueKeys, isMeant: (event: Buffer) => boolean): Promise<void> {
  let kept = 0;
  for await (const page of takeFromOldEnd(redis, keys, () => kept)) {
    const meant = page.filter(({ raw }) => raw !== undefined && isMeant(raw)).map(({ entry }) => entry);
    kept += page.length - meant.length;
    if (meant.length > 0) await dropScript(redis, [keys.dead], meant);
  }
}

/** The entries that are there now, oldest first, for a caller who removes each page but for `left()` entries so far. */
async function* takeFromOldEnd(redis: Redis, { dead }: QueueKeys, left: () => number): AsyncGenerator<DeadEvent[]> {
  let remaining = await redis.llen(dead);
  while (remaining > 0) {
    const page = await peekList(redis, dead, Math.min(PAGE_ENTRIES, remaining), left());
    if (page.length === 0) return;
    remaining -= page.length;
    yield page.map(readDeadEntry);
  }
}
