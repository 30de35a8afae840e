import type { Shard } from "shared/model/regions";
import { entryKeys, shardKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { membersPart, versionsPart } from "shared/redis/scripts/parts";
import source from "./take-erased.lua" with { type: "text" };

const layout = defineLayout({ keys: ["clock"], item: { userId: "text", version: "number" } });
const script = defineScript({
  name: "take-erased",
  source,
  parts: [versionsPart, membersPart],
  layout,
  parse: Number,
});

/** A player who was erased at this version (µs). */
export interface Erased {
  userId: string;
  version: number;
}

/**
 * Removes entries of erased players from some boards of a shard; what is newer than the erasure
 * stays.
 *
 * @param boards one page of them: the script looks at each player on each of them
 * @returns the number of entries removed
 */
export function takeErased(
  redis: Redis,
  shard: Shard,
  boards: readonly string[],
  erased: readonly Erased[],
): Promise<number> {
  const keys = layout.toKeys(shardKeys(shard));
  keys.push(...boards.flatMap((board) => entryKeys(shard, board)));
  return script(redis, keys, erased.flatMap(layout.toItem));
}
