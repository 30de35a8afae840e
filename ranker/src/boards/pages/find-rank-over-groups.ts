import type { RankedBoard } from "../../seasons/ranked-board.ts";
import { askGroups, refuseMissing } from "../groups/ask-groups.ts";
import type { ShardGroup } from "../groups/shard-groups.ts";
import type { Position } from "../shard-entry.ts";
import { type Bounded, narrow, toDistance } from "./narrow.ts";
import { AHEAD_OF_ALL, BEHIND_ALL } from "./page.ts";
import type { ReadSamples } from "./read-samples.ts";

export interface RankQuestion {
  groups: readonly ShardGroup[];
  board: RankedBoard;
  allowsPartial: boolean;
  readSamples: ReadSamples;
}

/** So many entries are read and passed over rather than asking once more. */
export const PASSED_MAX = 512;
// 128 samples of each shard leave a 32nd of the entries in each round, however they are
// distributed: three rounds for 10⁶ entries, four for 10⁷. Of 64 shards on one server each gives
// 32, which leave an eighth.
const ROUNDS_MAX = 10;

/**
 * Finds a place near the one that has `rank` entries of all groups ahead of it. Writes between the
 * rounds move it a little: the counts of the read that follows tell the ranks.
 *
 * @throws Problem `region_unavailable`
 */
export async function findRank(question: RankQuestion, rank: number): Promise<Bounded<Position>> {
  const { groups, board, allowsPartial, readSamples } = question;
  let [from, to] = [AHEAD_OF_ALL, BEHIND_ALL];
  let nearest: Bounded<Position> = { place: from, least: 0, most: 0 };
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const { found, missing } = await askGroups(groups, (group) => readSamples({ group, board }, from, to));
    if (!allowsPartial || found.length === 0) refuseMissing(missing);
    const shards = found.flatMap(({ answer }) => answer.shards);
    const narrowed = narrow(shards, rank);
    const [low, high] = [sumOf(shards, "low"), sumOf(shards, "high")];
    const candidates: Bounded<Position>[] = [
      { place: from, least: low, most: low },
      { place: to, least: high, most: high },
    ];
    if (narrowed.nearest !== undefined) candidates.push(narrowed.nearest);
    nearest = candidates.reduce((best, each) => (toDistance(each, rank) < toDistance(best, rank) ? each : best));
    // Behind the last entry there is nothing to look for.
    if (toDistance(nearest, rank) <= PASSED_MAX || (to === BEHIND_ALL && high <= rank)) return nearest;
    from = narrowed.from ?? from;
    to = narrowed.to ?? to;
  }
  return nearest;
}

const sumOf = (shards: readonly { low: number; high: number }[], field: "low" | "high") =>
  shards.reduce((sum, shard) => sum + shard[field], 0);
