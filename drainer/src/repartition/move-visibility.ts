import { parseVisibility } from "shared/model/visibility";
import { visibilityKey } from "shared/redis/keys";
import { putVisibility } from "../restore/put-visibility.ts";
import { isVanishing, type Move, newShardOf, readStrangers } from "./move-entries.ts";

/**
 * Copies to the new shards who is hidden or renamed, before the entries that depend on it. A
 * repetition changes nothing.
 */
export async function copyVisibility(move: Move): Promise<void> {
  const { redis, region, to, from, onPage } = move;
  for (const shard of from) {
    for await (const page of readStrangers(move, shard, visibilityKey(shard))) {
      for (const [userId, text] of page) {
        const found = parseVisibility(text);
        if (found === undefined) continue;
        const place = { shard: newShardOf(move, userId), boards: to.configuredBoards };
        const { isHidden: hidden, name, version: updated_at } = found;
        await putVisibility(redis, place, { user_id: userId, region, hidden, name, updated_at });
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
