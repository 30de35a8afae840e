import type { Shard } from "shared/model/regions";
import { entryKeys, shardKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isHiddenPart, moveMembersPart, versionsPart } from "shared/redis/scripts/parts";
import source from "./place-hidden.lua" with { type: "text" };

const layout = defineLayout({ keys: ["visibility", "clock"], item: { userId: "text" } });
const script = defineScript({
  name: "place-hidden",
  source,
  parts: [versionsPart, isHiddenPart, moveMembersPart],
  layout,
  parse: Number,
});

/**
 * Moves entries of players on some boards of a shard to where the visibility on the shard has them.
 *
 * @param boards one page of them, as for `takeErased`
 * @returns the number of entries moved
 */
export function placeHidden(
  redis: Redis,
  shard: Shard,
  boards: readonly string[],
  userIds: readonly string[],
): Promise<number> {
  const keys = layout.toKeys(shardKeys(shard));
  keys.push(...boards.flatMap((board) => entryKeys(shard, board)));
  return script(
    redis,
    keys,
    userIds.flatMap((userId) => layout.toItem({ userId })),
  );
}
