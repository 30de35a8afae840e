import type { ScriptPart } from "shared/redis/scripts/define-script";
import { membersPart } from "shared/redis/scripts/parts";
import type { GroupAnswers, OfRegions } from "../groups/ask-groups.ts";
import type { Position, ShardEntry } from "../shard-entry.ts";
import countAhead from "./count-ahead.lua" with { type: "text" };

/** Counts the entries ahead of a position. */
export const countAheadPart: ScriptPart = { source: countAhead, uses: [membersPart] };

/** A player to look up, or a position that was read on another server or just written there. */
export type Target = { userId: string } | Position;

export const isPosition = (target: object): target is Position => "member" in target;

/** Where a target stands among the entries of a group of shards. */
export interface Standing extends OfRegions {
  /** Entries of the group. */
  total: number;
  /**
   * Entries strictly ahead, or those that are better. Absent, like `self`, for a player whom the
   * group does not hold.
   */
  before?: number | undefined;
  self?: ShardEntry;
}

/** Where several targets stand, in their order. */
export interface Standings extends OfRegions {
  /** Entries of the group. */
  total: number;
  standings: Standing[];
}

/** Where a player stands over all shards. */
export function sumStandings(found: GroupAnswers<Standing>): { before: number; total: number } {
  let [before, total] = [0, 0];
  for (const { answer } of found) {
    before += answer.before ?? 0;
    total += answer.total;
  }
  return { before, total };
}
