import type { VisibilityEvent } from "shared/model/events";
import { parseVisibility } from "shared/model/visibility";
import { visibilityKey } from "shared/redis/keys";
import { slices } from "../restore/put-entries.ts";
import { putVisibility } from "../restore/put-visibility.ts";
import { isVanishing, type Move, newShardOf, readStrangers } from "./move-entries.ts";

/**
 * Copies to the new shards who is hidden or renamed, before the entries that depend on it: those go
 * by it when they are put there. A repetition changes nothing.
 */
export async function copyVisibility(move: Move): Promise<void> {
  const { redis, region, from, onPage } = move;
  for (const shard of from) {
    for await (const page of readStrangers(move, shard, visibilityKey(shard))) {
      const rows = page.flatMap(([userId, text]): VisibilityEvent[] => {
        const found = parseVisibility(text);
        if (found === undefined) return [];
        const { isHidden: hidden, name, version: updated_at } = found;
        return [{ user_id: userId, region, hidden, name, updated_at }];
      });
      for (const [newShard, ofShard] of Map.groupBy(rows, ({ user_id }) => newShardOf(move, user_id))) {
        for (const part of slices(ofShard)) await putVisibility(redis, newShard, part);
      }
      await onPage();
    }
  }
}

/** Removes the copied values from their old shards. */
export async function removeVisibility(move: Move): Promise<void> {
  const { redis, from, onPage } = move;
  for (const shard of from) {
    const key = visibilityKey(shard);
    if (isVanishing(move, shard)) await redis.unlink(key);
    for await (const page of readStrangers(move, shard, key)) {
      await redis.hdel(key, ...page.map(([userId]) => userId));
      await onPage();
    }
  }
}
