import type { VisibilityEvent } from "shared/model/events";
import type { Shard } from "shared/model/regions";
import { toState } from "shared/model/visibility";
import { entryKeys, erasedKey, shardKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { moveMembersPart, versionsPart } from "shared/redis/scripts/parts";
import source from "./put-visibility.lua" with { type: "text" };

const layout = defineLayout({
  keys: ["visibility", "clock", "erased"],
  args: { userId: "text", version: "text", state: "text", name: "text", wrong: "text" },
});
const script = defineScript({
  name: "put-visibility",
  source,
  parts: [versionsPart, moveMembersPart],
  layout,
  parse: (reply) => reply === 1,
});

/**
 * Writes on a shard whether a player is hidden and which name an operator gave, and moves the
 * player's entries accordingly.
 *
 * @param wrong a wrong present value to overwrite, even if it is newer; empty where there is none
 * @returns false where a newer value stays, or the player was erased since
 */
export function putVisibility(
  redis: Redis,
  { shard, boards }: { shard: Shard; boards: readonly string[] },
  { user_id: userId, hidden, name = "", updated_at: version }: VisibilityEvent,
  wrong = "",
): Promise<boolean> {
  const keys = layout.toKeys({ ...shardKeys(shard), erased: erasedKey(shard, userId) });
  keys.push(...boards.flatMap((board) => entryKeys(shard, board)));
  return script(redis, keys, layout.toArgs({ userId, version, state: toState(hidden), name, wrong }));
}
