import { readDeadElement } from "shared/model/dead-element";
import { userIdIn } from "shared/model/events";
import type { Shard } from "shared/model/regions";
import { deadKey } from "shared/redis/keys";
import { peekList } from "../queues/peek-list.ts";
import { isVanishing, type Move, newShardOf } from "./move-entries.ts";

const PAGE_ELEMENTS = 100;

/**
 * Moves dead events to the new shards of their players, where an erasure looks for them. An event
 * that names no player stays, or goes to the region's first shard if its own shard vanishes.
 */
export async function moveDead(move: Move): Promise<void> {
  const { redis, from, onPage } = move;
  for (const shard of from) {
    for (let staying = 0; ; ) {
      const page = await peekList(redis, deadKey(shard), { count: PAGE_ELEMENTS, behind: staying });
      if (page.length === 0) break;
      for (const element of page) {
        const target = newShardOfDead(move, shard, element);
        if (target.tag === shard.tag) {
          staying++;
          continue;
        }
        if ((await redis.lpos(deadKey(target), element)) === null) await redis.lpush(deadKey(target), element);
        await redis.lrem(deadKey(shard), -1, element);
      }
      await onPage();
    }
  }
}

function newShardOfDead(move: Move, shard: Shard, element: Buffer): Shard {
  const userId = userIdIn((readDeadElement(element).raw ?? element).toString("utf8"));
  if (userId !== undefined) return newShardOf(move, userId);
  const first = move.to.shards.find(({ region }) => region === move.region);
  return isVanishing(move, shard) && first !== undefined ? first : shard;
}
