import type { Shard, Topology } from "shared/model/regions";
import { boardKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isOpenPart, versionsPart } from "shared/redis/scripts/parts";
import type { Deletion } from "./deleted-boards.ts";
import source from "./purge-shard.lua" with { type: "text" };

const layout = defineLayout({
  keys: ["boards", "clock", "split", "fence", "board", "hidden", "entries", "details"],
  args: { id: "text", revision: "text", partitions: "text", newest: "number" },
});
const script = defineScript({
  name: "purge-shard",
  source,
  parts: [isOpenPart, versionsPart],
  layout,
  isFenced: true,
  parse: (reply) => reply as "purged" | "closed" | "moved" | "other",
});

/**
 * Removes what a shard has of a deleted board, or of one season of it. Every version that the shard
 * gives out from then on is newer than `newest`.
 *
 * @throws Error for a shard that may not be written, or knows another board of the id; and what
 *   Redis throws
 */
export async function purgeShard(
  redis: Redis,
  shard: Shard,
  { id, rev }: Deletion,
  { partitions, newest, ranking }: Pick<Topology, "partitions"> & { newest: number; ranking: string },
): Promise<void> {
  const args = layout.toArgs({ id, revision: rev, partitions, newest });
  const outcome = await script(redis, layout.toKeys(boardKeys(shard, ranking)), args);
  if (outcome !== "purged") throw new Error(`board ${id} is not purged on ${shard.tag}: ${outcome}`);
}
