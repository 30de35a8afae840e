import type { Shard, Topology } from "shared/model/regions";
import { boardKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isOpenPart, versionsPart } from "shared/redis/scripts/parts";
import { toRankingName } from "shared/seasons/ranking-name";
import source from "./drop-season.lua" with { type: "text" };

const layout = defineLayout({
  keys: ["boards", "clock", "split", "fence", "board", "hidden", "entries", "details"],
  args: { id: "text", season: "number", oldest: "number", partitions: "text" },
});
const script = defineScript({
  name: "drop-season",
  source,
  parts: [isOpenPart, versionsPart],
  layout,
  isFenced: true,
  parse: (reply) => reply as "dropped" | "closed" | "moved" | "running",
});

/** A season that is archived. */
export interface DroppedSeason {
  board: string;
  season: number;
  /** The oldest season that may have keys from then on. */
  oldest: number;
}

/**
 * Removes what a shard has of a season.
 *
 * @throws Error for a shard that may not be written, or where the season still runs; and what Redis
 *   throws
 */
export async function dropSeason(
  redis: Redis,
  shard: Shard,
  { board, season, oldest }: DroppedSeason,
  { partitions }: Pick<Topology, "partitions">,
): Promise<void> {
  const keys = layout.toKeys(boardKeys(shard, toRankingName(board, season)));
  const outcome = await script(redis, keys, layout.toArgs({ id: board, season, oldest, partitions }));
  if (outcome !== "dropped") throw new Error(`season ${season} of ${board} is left on ${shard.tag}: ${outcome}`);
}
