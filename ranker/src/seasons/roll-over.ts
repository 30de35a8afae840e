import type { Board } from "shared/model/board";
import { seasonEndTail } from "shared/model/events";
import type { Shard, Topology } from "shared/model/regions";
import { boardKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isOpenPart, seasonsPart, versionsPart } from "shared/redis/scripts/parts";
import { toRankingName } from "shared/seasons/ranking-name";
import source from "./roll-over.lua" with { type: "text" };

const layout = defineLayout({
  keys: ["queue", "clock", "split", "fence", "boards", "board", "hidden"],
  args: { partitions: "text", boardId: "text", revision: "text", season: "text", seasonTail: "text", least: "number" },
});
const script = defineScript({
  name: "roll-over",
  source,
  parts: [isOpenPart, versionsPart, seasonsPart],
  layout,
  isFenced: true,
  failsAs: "read",
  parse: String,
});

export interface RolledOver {
  shard: Shard;
  board: Board;
  /** Whose entries are counted where it is the one that ends. */
  season: number;
  /** An end (µs) that holds although the shard's clock is behind it. */
  least?: number;
}

/**
 * Ends the seasons of a board that are over on a shard.
 *
 * @returns what the script replies
 * @throws Problem `unavailable`
 */
export function rollOver(
  redis: Redis,
  { partitions }: Topology,
  { shard, board, season, least = 0 }: RolledOver,
): Promise<string> {
  const keys = layout.toKeys(boardKeys(shard, toRankingName(board.id, season)));
  const args = layout.toArgs({
    partitions,
    boardId: board.id,
    revision: board.rev,
    season,
    seasonTail: seasonEndTail({ board: board.id, region: shard.region }),
    least,
  });
  return script(redis, keys, args);
}
