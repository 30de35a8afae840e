import type { Shard } from "shared/model/regions";
import { primariesOf, type Redis } from "shared/redis/redis";

const STEP = 500;

/** A key found by SCAN: its shard, and the part after the prefix. */
export interface FoundKey {
  key: string;
  shard: Shard;
  rest: string;
}

/**
 * Finds all keys of one kind on these shards of a region, page by page. Scans every key of the
 * Redis, server by server. A key may come twice.
 */
export async function* scanShards(
  redis: Redis,
  region: string,
  shards: readonly Shard[],
  prefixOf: (shard: Shard) => string,
): AsyncGenerator<FoundKey[]> {
  const shardByPrefix = new Map(shards.map((shard) => [prefixOf(shard), shard]));
  const anyShard = { region, partition: 0, tag: shards.length === 1 ? region : `${region}.*` };
  const pattern = `${prefixOf(anyShard)}*`;
  for (const server of primariesOf(redis)) {
    let cursor = "0";
    do {
      const [next, keys] = await server.scan(cursor, "MATCH", pattern, "COUNT", STEP);
      cursor = next;
      const found = keys.flatMap((key): FoundKey[] => {
        const prefix = key.slice(0, key.indexOf("}:") + 2);
        const shard = shardByPrefix.get(prefix);
        return shard === undefined ? [] : [{ key, shard, rest: key.slice(prefix.length) }];
      });
      if (found.length > 0) yield found;
    } while (cursor !== "0");
  }
}
