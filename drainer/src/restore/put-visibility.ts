import type { VisibilityEvent } from "shared/model/events";
import type { Shard } from "shared/model/regions";
import { toState } from "shared/model/visibility";
import { erasedKey, shardKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { versionsPart } from "shared/redis/scripts/parts";
import source from "./put-visibility.lua" with { type: "text" };

const layout = defineLayout({
  keys: ["visibility", "clock"],
  item: { userId: "text", version: "text", state: "text", name: "text", wrong: "text" },
});
const script = defineScript({
  name: "put-visibility",
  source,
  parts: [versionsPart],
  layout,
  parse: Number,
});

/**
 * Writes on a shard which players are hidden and which names operators gave. Entries that are there
 * stay where they are: `placeHidden` moves them.
 *
 * @param wrong a wrong present value to overwrite, even if it is newer; empty where there is none
 * @returns the number of values written: a newer one stays, and an erased player is left out
 */
export function putVisibility(
  redis: Redis,
  shard: Shard,
  rows: readonly VisibilityEvent[],
  wrong = "",
): Promise<number> {
  const keys = layout.toKeys(shardKeys(shard));
  keys.push(...rows.map(({ user_id }) => erasedKey(shard, user_id)));
  const args = rows.flatMap(({ user_id: userId, hidden, name = "", updated_at: version }) =>
    layout.toItem({ userId, version, state: toState(hidden), name, wrong }),
  );
  return script(redis, keys, args);
}
