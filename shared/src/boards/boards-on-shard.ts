import type { Shard } from "../model/regions.ts";
import { boardsKey } from "../redis/keys.ts";
import type { Redis } from "../redis/redis.ts";

/** Boards of one page: a script takes three keys for each, and holds Redis for well below 1 ms. */
const PAGE = 100;

/**
 * The ids of all boards that may have entries on a shard, page by page: those that the shard knows,
 * deleted ones included, and the configured ones. Each comes once.
 *
 * @param options.without leaves out the boards that are there for no reader any more
 * @throws what Redis throws
 */
export async function* boardsOnShard(
  redis: Redis,
  shard: Shard,
  configuredBoards: readonly string[],
  { without }: { without?: "deleted" } = {},
): AsyncGenerator<string[]> {
  const seen = new Set(configuredBoards);
  yield* pagesOf(configuredBoards);
  let cursor = "0";
  do {
    const [next, flat] = await redis.hscan(boardsKey(shard), cursor, "COUNT", PAGE);
    cursor = next;
    const isMeant = (kept = "") => without === undefined || !/^\d+ deleting/.test(kept);
    // HSCAN may name a field twice while the hash grows.
    const found = flat.filter((id, index) => index % 2 === 0 && !seen.has(id) && isMeant(flat[index + 1]));
    for (const id of found) seen.add(id);
    yield* pagesOf([...new Set(found)]);
  } while (cursor !== "0");
}

function* pagesOf(ids: readonly string[]): Generator<string[]> {
  for (let i = 0; i < ids.length; i += PAGE) yield ids.slice(i, i + PAGE);
}
