import type { Shard, Topology } from "shared/model/regions";
import { shardKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import type { Confirm } from "shared/redis/replica-wait";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isOpenPart, seasonsPart, versionsPart } from "shared/redis/scripts/parts";
import source from "./fence-season.lua" with { type: "text" };

const layout = defineLayout({
  keys: ["clock", "split", "fence", "boards"],
  args: { partitions: "text", boardId: "text", season: "number", at: "number", version: "number" },
});

/** What became of a fence: see `fence-season.lua`. */
export type Fenced = "fenced" | "late" | "other" | "told" | "away";

const script = defineScript({
  name: "fence-season",
  source,
  parts: [isOpenPart, versionsPart, seasonsPart],
  layout,
  isFenced: true,
  failsAs: "read",
  parse: (reply) => reply as Fenced,
  isRefusal: (outcome) => outcome !== "fenced",
});

/** A season that is being ended. Times are microseconds. */
export interface Ending {
  board: string;
  season: number;
  /** From then on nothing is of the season. */
  at: number;
  /** Of the plan that says so. */
  version: number;
}

/**
 * Holds back what is of a season from an instant on, on one shard, until a newer plan decides.
 *
 * @throws Problem `unavailable`; `outcome_unknown` where no replica confirms
 */
export function fenceSeason(
  redis: Redis,
  { partitions }: Topology,
  { shard, board, season, at, version }: Ending & { shard: Shard },
  confirm: Confirm | undefined,
): Promise<Fenced> {
  const args = layout.toArgs({ partitions, boardId: board, season, at, version });
  return script(redis, layout.toKeys(shardKeys(shard)), args, confirm);
}
