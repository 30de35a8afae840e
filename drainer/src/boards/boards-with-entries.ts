import { boardsOnShard } from "shared/boards/boards-on-shard";
import type { Shard } from "shared/model/regions";
import { entryKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";

/**
 * The boards that have an entry on a shard, hidden or not, in pages as one script takes them. A
 * page of boards without entries costs one look at their keys.
 *
 * @throws what Redis throws
 */
export async function* boardsWithEntries(
  redis: Redis,
  shard: Shard,
  configuredBoards: readonly string[],
): AsyncGenerator<string[]> {
  for await (const page of boardsOnShard(redis, shard, configuredBoards)) {
    if ((await redis.exists(...page.flatMap((board) => entryKeys(shard, board)))) === 0) continue;
    const found = await Promise.all(page.map((board) => redis.exists(...entryKeys(shard, board))));
    const held = page.filter((_, index) => found[index] !== 0);
    if (held.length > 0) yield held;
  }
}
