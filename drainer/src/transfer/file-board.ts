import type { Board } from "shared/model/board";

export const FORMATS = ["csv", "ndjson"] as const;
export type Format = (typeof FORMATS)[number];

/** What a file needs to know of its board. */
export type FileBoard = Pick<Board, "order" | "decimals" | "sub" | "bounds" | "metadata_bytes_max" | "attempts_max">;

/** Columns of every file, in order. A file holds one board, which is not named in it. */
const COLUMNS = ["user_id", "name", "region", "score", "reached_at", "updated_at"] as const;

/** The columns of a board's file: those of every file, and those that the board's entries have. */
export function columnsOf({ sub, attempts_max, metadata_bytes_max }: FileBoard): string[] {
  const columns: string[] = [...COLUMNS];
  if (sub !== null) columns.push("sub");
  if (attempts_max !== null) columns.push("attempts");
  if (metadata_bytes_max > 0) columns.push("metadata");
  return columns;
}
