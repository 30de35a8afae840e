import { Problem } from "shared/api/problems";
import { parseRecord, placeDigitsOf, rankedScoreOf } from "shared/entries/records";
import type { Board } from "shared/model/board";
import type { ScriptPart } from "shared/redis/scripts/define-script";
import type { RankedBoard } from "../seasons/ranked-board.ts";
import readSlice from "./read-slice.lua" with { type: "text" };

/** A place in the total order: ranked score descending, then member descending. */
export interface Position {
  /** The ranked score, see `ranked-score.ts`. */
  score: number;
  member: string;
}

/** What a shard knows of an entry. Its rank follows only from all shards of a view. */
export interface ShardEntry extends Position {
  userId: string;
  region: string;
  /** Unparsed: most entries that shards answer with are dropped when the shards are merged. */
  record: string;
  /** Attempts and metadata, unparsed; undefined where they were not read. */
  details?: string | null;
}

/** Total order of every answer. Members are ASCII, so strings compare as their bytes do. */
export const inOrder = (a: Position, b: Position) => b.score - a.score || (a.member < b.member ? 1 : -1);

/** The entry of a player who was looked up, by the record alone. */
export function toSelf(region: string, userId: string, record: string): ShardEntry {
  const { place, rankedScore } = parseRecord(record);
  return { member: place + userId, userId, score: Number(rankedScore), region, record };
}

/** Reads entries with their records: `read_slice` in Lua, and `toEntries` for what it replies. */
export const readSlicePart: ScriptPart = { source: readSlice };
export type RawSlice = [] | [ids: string, records: (string | null)[], details?: (string | null)[]];

/** What reads of a board have in common. */
export interface BoardRead {
  board: RankedBoard;
  /** Whether to read attempts and metadata, too. */
  withDetails: boolean;
}

/** An entry without a record keeps its place, without a name, until `reconcile` mends it. */
export function toEntries(
  regionOf: (index: number) => string,
  board: Board,
  [text = "", records = [], details]: RawSlice = [],
): ShardEntry[] {
  const ids = text.split(" ");
  const digits = placeDigitsOf(board);
  return records.map((record, index) => {
    const entry = toNamed(regionOf(index), ids[index] ?? "", { digits, record });
    if (details !== undefined) entry.details = details[index] ?? null;
    return entry;
  });
}

function toNamed(
  region: string,
  named: string,
  { digits, record }: { digits: number; record: string | null },
): ShardEntry {
  if (record !== null) {
    const member = record.slice(0, digits) + named;
    return { member, userId: named, score: rankedScoreOf(record), region, record };
  }
  const [member = "", score = ""] = named.split(",");
  return { member, userId: member.slice(digits), score: Number(score), region, record: "" };
}

/** The shard knows another revision of the board than this ranker, which has to read it again. */
export class StaleBoard extends Error {
  constructor() {
    super("The board was changed since this ranker has read it.");
    this.name = "StaleBoard";
  }
}

/** A season has ended on a shard, or is to end there by now. */
export class SeasonOver extends Error {
  constructor() {
    super("The season has ended since this ranker has read it.");
    this.name = "SeasonOver";
  }
}

/** An ended season has left a shard: it is archived. */
export class SeasonGone extends Error {
  constructor() {
    super("The season is archived.");
    this.name = "SeasonGone";
  }
}

/** The arguments of every read of a ranking, for its layout. */
export const readArgs = { partitions: "text", boardId: "text", revision: "text", wanted: "text" } as const;
export const toReadArgs = (partitions: number, { id, rev, wanted }: RankedBoard) => ({
  partitions,
  boardId: id,
  revision: rev,
  wanted,
});

/** What a script answers that may not read: `refusal_of` in Lua. */
export type RefusedRead = "stale" | "ended" | "archived";

/** @throws StaleBoard, SeasonOver, SeasonGone */
export function checkRead<T>(reply: T | RefusedRead): T {
  if (reply === "stale") throw new StaleBoard();
  if (reply === "ended") throw new SeasonOver();
  if (reply === "archived") throw new SeasonGone();
  return reply as T;
}

export const archivesUnavailable = (cause?: unknown) =>
  new Problem("archives_unavailable", "The archived seasons cannot be read now; try again.", { cause });

/** The entries are moving to other partitions, or their store is being compared or restored. */
export const entriesAway = (region: string) =>
  new Problem("unavailable", `The entries of ${region} are being moved or restored. Nothing was changed; try again.`);
