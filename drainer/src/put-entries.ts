import { arrivalsKey, boardKey, clockKey, MAIN_BOARD, profileKeyPrefix, updatedAtField } from "shared/keys";
import { defineScript, type Redis } from "shared/redis";
import { type Shard, shardOf, type Topology } from "shared/regions";
import { toArrival } from "shared/times";
import type { EntryRow } from "./read-rows.ts";
import scoresSource from "./restore-scores.lua" with { type: "text" };

// A script of 250 rows holds Redis for some 3 ms: live traffic goes on between two of them.
export const ROWS_PER_SCRIPT = 250;

const scoresScript = defineScript({ name: "restore-scores", source: scoresSource, parse: Number, hasOtherKeys: true });

/** What one script may touch: rows of one board on one shard. */
export interface Slice {
  shard: Shard;
  board: string;
  rows: readonly EntryRow[];
}

export function* slicesByKeys(topology: Topology, known: readonly EntryRow[]): Generator<Slice> {
  for (const [shard, onShard] of Map.groupBy(known, (row) => shardOf(topology, row.region, row.user_id))) {
    for (const [board, onBoard] of Map.groupBy(onShard, (row) => row.board)) {
      for (const rows of slices(onBoard)) yield { shard, board, rows };
    }
  }
}

export function* slices<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < rows.length; i += ROWS_PER_SCRIPT) yield rows.slice(i, i + ROWS_PER_SCRIPT);
}

/**
 * Puts entries onto their shard, but for those that are there in a later version.
 *
 * @returns the entries written
 */
export function putEntries(redis: Redis, topology: Topology, { shard, board, rows }: Slice): Promise<number> {
  const keys = [boardKey(shard, board), arrivalsKey(shard, board), clockKey(shard)];
  const versionFields = [board, ...topology.boards.filter((other) => other !== board)].map(updatedAtField);
  const args = [profileKeyPrefix(shard), board === MAIN_BOARD ? "score" : "", versionFields.length, ...versionFields];
  for (const row of rows) {
    args.push(row.user_id, row.name, row.region, row.score, toArrival(Number(row.reached_at)), row.updated_at);
  }
  return scoresScript(redis, keys, args);
}
