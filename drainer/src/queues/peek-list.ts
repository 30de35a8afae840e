import type { Redis } from "shared/redis/redis";

/**
 * What one peek returns: 4,000 of the largest events that a ranker writes. Whatever else is in a list may be of any size.
 * A batch that grows has eight peeks at the most.
 */
export const PEEK_BYTES_MAX = 4 * 1024 * 1024;

// The first few tell how many more may be read at once: a quarter of what would fit, if all are as large. In a script, which
// could stop at the byte, a peek of 1,000 costs Redis four times as much, and the drainer a tenth of its rate.
const PAGE_MIN = 16;
const SHARE = 4;

/** Bytes of an element of each list when it was last read: one entry a queue. */
const averages = new Map<string, number>();

/**
 * The oldest elements of a list but for `behind`, byte for byte, oldest first: up to `count` of them, and fewer where they
 * have more than {@link PEEK_BYTES_MAX} bytes together, or where the list's old end has changed meanwhile. Nothing is
 * moved.
 */
export async function peekList(redis: Redis, key: string, count: number, behind = 0): Promise<Buffer[]> {
  const found: Buffer[] = [];
  let bytes = 0;
  let wanted = Math.min(count, averages.has(key) ? fitting(PEEK_BYTES_MAX, averages.get(key) ?? 0) : PAGE_MIN);
  while (found.length < count) {
    // A page begins with the last element of the page before: so it is seen that nothing is missing between them.
    const last = found.at(-1);
    const first = behind + found.length - (last === undefined ? 0 : 1);
    const page = await readPage(redis, key, first, wanted + (last === undefined ? 0 : 1));
    if (last !== undefined && !page.shift()?.equals(last)) break;
    for (const element of page) {
      bytes += element.length;
      if (bytes > PEEK_BYTES_MAX && found.length > 0) {
        averages.set(key, bytes / (found.length + 1));
        return found;
      }
      found.push(element);
    }
    if (page.length < wanted) break;
    wanted = Math.min(count - found.length, fitting(PEEK_BYTES_MAX - bytes, bytes / found.length));
  }
  if (found.length > 0) averages.set(key, bytes / found.length);
  return found;
}

const fitting = (bytes: number, average: number) =>
  Math.max(PAGE_MIN, Math.floor(bytes / Math.max(1, average) / SHARE));

async function readPage(redis: Redis, key: string, first: number, count: number): Promise<Buffer[]> {
  const newestFirst = await redis.lrangeBuffer(key, -first - count, -first - 1);
  return newestFirst.reverse();
}
