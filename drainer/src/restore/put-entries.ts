import { type Shard, shardOf, type Topology } from "shared/model/regions";
import { boardKeys, erasedKey, removedKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isHiddenPart, membersPart, seasonsPart, versionsPart } from "shared/redis/scripts/parts";
import { parseRankingName } from "shared/seasons/ranking-name";
import { isDeletingPart } from "../boards/is-deleting.ts";
import type { EntryRow } from "../rows/read-entries.ts";
import { toKept } from "./entry-forms.ts";
import scoresSource from "./restore-scores.lua" with { type: "text" };

// A script of 250 rows blocks Redis for some 3 ms; live traffic goes on between two scripts.
export const ROWS_PER_SCRIPT = 250;
// Redis runs one script while three wait at the server, so that it never idles between replies.
export const SCRIPTS_IN_FLIGHT = 4;

const layout = defineLayout({
  keys: ["board", "hidden", "entries", "details", "clock", "visibility", "boards"],
  args: { boardId: "text", season: "text" },
  item: { userId: "text", score: "text", record: "text", detail: "text", version: "number" },
});
const script = defineScript({
  name: "restore-scores",
  source: scoresSource,
  parts: [versionsPart, isHiddenPart, isDeletingPart, membersPart, seasonsPart],
  layout,
  parse: Number,
});

/** The rows of one script call: of one board on one shard. */
export interface Slice {
  shard: Shard;
  board: string;
  rows: readonly EntryRow[];
  /** That has to run on the shard; it does not matter where it is left out. */
  season?: number | undefined;
}

/** Another season runs on the shard by now. */
export class OtherSeason extends Error {
  constructor(season: number | undefined) {
    super(`season ${season} has ended meanwhile`);
    this.name = "OtherSeason";
  }
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
 * Puts entries onto their shard: on the board, or among the hidden. Entries with a later version in
 * Redis stay; erased players are left out, and boards that are being deleted.
 *
 * @returns the number of entries written
 * @throws OtherSeason: nothing was done; what Redis throws
 */
export async function putEntries(redis: Redis, { shard, board, rows, season }: Slice): Promise<number> {
  const keys = layout.toKeys(boardKeys(shard, board));
  keys.push(...rows.flatMap((row) => [erasedKey(shard, row.user_id), removedKey(shard, board, row.user_id)]));
  const args = layout.toArgs({ boardId: parseRankingName(board)?.board ?? board, season: season ?? "" });
  for (const row of rows) {
    const { score, record, details } = toKept(row);
    const version = Number(row.updated_at);
    args.push(...layout.toItem({ userId: row.user_id, score, record, detail: details ?? "", version }));
  }
  const written = await script(redis, keys, args);
  if (written < 0) throw new OtherSeason(season);
  return written;
}
