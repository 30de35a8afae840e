import type { BoardState } from "../model/board.ts";
import type { Shard } from "../model/regions.ts";
import { shardKeys } from "../redis/keys.ts";
import type { Redis } from "../redis/redis.ts";
import { defineLayout, defineScript } from "../redis/scripts/define-script.ts";
import { versionsPart } from "../redis/scripts/parts.ts";
import source from "./put-boards.lua" with { type: "text" };

/** A board as a shard knows it. */
export interface BoardRevision {
  id: string;
  /** Of the definition; 0 for a configured board that nobody changed. */
  rev: number;
  state: BoardState;
}

const layout = defineLayout({ keys: ["boards", "clock"], item: { id: "text", revision: "text", state: "text" } });
const script = defineScript({ name: "put-boards", source, parts: [versionsPart], layout, parse: Number });

/**
 * Writes the revisions of boards on a shard; a higher one that is there stays.
 *
 * @param boards at most some hundred
 * @returns the number of boards written
 * @throws what Redis throws
 */
export const putBoards = (redis: Redis, shard: Shard, boards: readonly BoardRevision[]): Promise<number> =>
  script(
    redis,
    layout.toKeys(shardKeys(shard)),
    boards.flatMap(({ id, rev, state }) => layout.toItem({ id, revision: rev, state })),
  );
