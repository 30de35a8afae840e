import { seasonEndTail } from "shared/model/events";
import type { Shard, Topology } from "shared/model/regions";
import { boardKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isOpenPart, seasonsPart, versionsPart } from "shared/redis/scripts/parts";
import { toRankingName } from "shared/seasons/ranking-name";
import source from "./seal-season.lua" with { type: "text" };

const layout = defineLayout({
  keys: ["queue", "clock", "split", "fence", "boards", "board", "hidden"],
  args: { partitions: "text", id: "text", season: "number", tail: "text" },
});

/** What became of a season: see `seal-season.lua`. */
export type Sealed = "sealed" | "running" | "unplanned" | "other" | "closed" | "moved";

const script = defineScript({
  name: "seal-season",
  source,
  parts: [isOpenPart, versionsPart, seasonsPart],
  layout,
  isFenced: true,
  parse: (reply) => reply as Sealed,
});

/**
 * Ends the seasons of a board that are over on a shard, as far as the shard knows their ends.
 *
 * @param season that runs on the shard
 * @throws what Redis throws
 */
export function sealSeason(
  redis: Redis,
  shard: Shard,
  { id, season }: { id: string; season: number },
  { partitions }: Pick<Topology, "partitions">,
): Promise<Sealed> {
  const tail = seasonEndTail({ board: id, region: shard.region });
  const keys = layout.toKeys(boardKeys(shard, toRankingName(id, season)));
  return script(redis, keys, layout.toArgs({ partitions, id, season, tail }));
}
