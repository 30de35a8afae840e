import type { Board } from "shared/model/board";

export const FORMATS = ["csv", "ndjson"] as const;
export type Format = (typeof FORMATS)[number];

/** What a file needs to know of its board. */
export type FileBoard = Pick<Board, "order" | "decimals" | "sub" | "bounds" | "metadata_bytes_max" | "attempts_max"> & {
  /** Of a board with seasons. */
  inSeason?: FileSeason | undefined;
};

/** The season whose entries a file has. Times are microseconds. */
export interface FileSeason {
  season: number;
  startsAt: number;
  endsAt: number;
  /** Whether the entries are those of an archive, which have ranks and no attempts. */
  isArchived: boolean;
}

/** Columns of every file, in order. A file holds one board, which is not named in it. */
const COLUMNS = ["user_id", "name", "region", "score", "reached_at", "updated_at"] as const;

/**
 * The columns of a board's file: those of every file, and those that the board's entries have. An
 * entry of a season names it.
 */
export function columnsOf({ sub, attempts_max, metadata_bytes_max, inSeason }: FileBoard): string[] {
  const columns: string[] = [...COLUMNS];
  if (sub !== null) columns.push("sub");
  if (attempts_max !== null && !inSeason?.isArchived) columns.push("attempts");
  if (metadata_bytes_max > 0) columns.push("metadata");
  if (inSeason !== undefined) columns.push("season");
  if (inSeason?.isArchived) columns.push("rank");
  return columns;
}

/** Columns that a file may have, and need not, to be imported into a season. */
export const optionalColumns = ({ inSeason }: FileBoard): readonly string[] =>
  inSeason === undefined ? [] : ["season", "rank", "attempts"];
