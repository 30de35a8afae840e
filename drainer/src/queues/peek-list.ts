import type { Redis } from "shared/redis/redis";

/**
 * Bytes of one peek: 4,000 of the largest events that a ranker writes. Other elements may have any
 * size.
 */
export const PEEK_BYTES_MAX = 4 * 1024 * 1024;

// A first page tells how many more elements fit; each later page takes a quarter of that, in case
// they grow. A Lua script, which could stop at the byte, would cost Redis four times as much for
// 1,000 events.
const PAGE_MIN = 16;
const SHARE = 4;

/**
 * Average bytes of an element when a list was last read, by key. Bounded by the number of queues.
 */
const averages = new Map<string, number>();

export interface PeekRange {
  /** Elements at most. */
  count: number;
  /** Elements at the old end to leave out. */
  behind?: number;
  bytesMax?: number;
}

/**
 * Reads the old end of a list without moving anything.
 *
 * @returns elements byte for byte, oldest first: fewer than `count` where they exceed `bytesMax`,
 *   but always one if there is one; or where the old end of the list changed between two pages
 */
export async function peekList(
  redis: Redis,
  key: string,
  { count, behind = 0, bytesMax = PEEK_BYTES_MAX }: PeekRange,
): Promise<Buffer[]> {
  const found: Buffer[] = [];
  let bytes = 0;
  const average = averages.get(key);
  let wanted = Math.min(count, average === undefined ? PAGE_MIN : pageOf(bytesMax, average));
  while (found.length < count) {
    // Each page begins with the last element of the page before: if that has moved, elements may be
    // missing between.
    const last = found.at(-1);
    const overlap = last === undefined ? 0 : 1;
    const page = await readPage(redis, key, behind + found.length - overlap, wanted + overlap);
    if (last !== undefined && !page.shift()?.equals(last)) break;
    for (const element of page) {
      bytes += element.length;
      if (bytes > bytesMax && found.length > 0) {
        averages.set(key, bytes / (found.length + 1));
        return found;
      }
      found.push(element);
    }
    if (page.length < wanted) break;
    wanted = Math.min(count - found.length, pageOf(bytesMax - bytes, bytes / found.length));
  }
  if (found.length > 0) averages.set(key, bytes / found.length);
  return found;
}

const pageOf = (bytesLeft: number, average: number) =>
  Math.max(PAGE_MIN, Math.floor(bytesLeft / Math.max(1, average) / SHARE));

async function readPage(redis: Redis, key: string, first: number, count: number): Promise<Buffer[]> {
  const newestFirst = await redis.lrangeBuffer(key, -first - count, -first - 1);
  return newestFirst.reverse();
}
