import { invalidField, Problem } from "shared/api/problems";
import { toRankedScore } from "shared/entries/ranked-score";
import type { Board, BoardOperation } from "shared/model/board";
import type { Submission } from "./submission.ts";

/** A write as its board takes it. */
export interface Written {
  /** `none` for a write that the board refuses, which may still repeat one that it took. */
  operation: BoardOperation | "none";
  /** The ranked score, or for `add` its delta. */
  value: number;
  /** Minimised JSON, `null` to clear what there is, empty to leave it. */
  metadata: string;
}

/** A write that looks for the answer to an earlier one alone. */
export const NO_WRITE: Written = { operation: "none", value: 0, metadata: "" };

/**
 * Brings a write into the form of its board.
 *
 * @throws Problem `board_read_only`, `operator_not_allowed`; `invalid_request` that names the
 *   field: too many decimals, or a sub-score, metadata or season that the board has not
 */
export function toWritten(board: Board, submission: Submission): Written {
  const { value, valueField = "score", sub, metadata, season } = submission;
  const operation = allowedOperation(board, submission);
  const ranked = toRankedScore(board, value);
  if (ranked === undefined) throw invalidField(valueField, faultOfScore(board));
  if (sub !== undefined && board.sub === null) {
    throw invalidField("sub", `must be left out: board ${board.id} has no sub-scores`);
  }
  if (season !== undefined && !board.has_seasons) {
    throw invalidField("season", `must be left out: board ${board.id} has no seasons`);
  }
  return { operation, value: ranked, metadata: metadataText(board, metadata) };
}

/**
 * Metadata as scripts take it: minimised JSON, `null` to clear it, empty to leave it.
 *
 * @throws Problem `invalid_request` naming `metadata` where the board does not take it
 */
export function metadataText(board: Board, metadata: object | null | undefined): string {
  if (metadata === undefined) return "";
  const text = minimise(metadata);
  const most = board.metadata_bytes_max;
  if (metadata !== null && most === 0) {
    throw invalidField("metadata", `must be left out: board ${board.id} keeps no metadata`);
  }
  const bytes = Buffer.byteLength(text);
  if (metadata !== null && bytes > most) {
    throw invalidField("metadata", `must have at most ${most} bytes as JSON without spaces; this has ${bytes}`);
  }
  return text;
}

function minimise(metadata: object | null): string {
  try {
    return JSON.stringify(metadata);
  } catch {
    // What is parsed in a loop is written by recursion. No board takes so much metadata.
    throw invalidField("metadata", "is nested too deeply");
  }
}

function allowedOperation(board: Board, { operation, by = "player" }: Submission): BoardOperation {
  const { id, writers, operator, operators } = board;
  if (writers === "operators" && by === "player") {
    throw new Problem("board_read_only", `Only operators write on board ${id}.`);
  }
  const asked = operation === "submit" ? operator : operation;
  if (operators.includes(asked)) return asked;
  throw new Problem("operator_not_allowed", `Board ${id} allows ${operators.join(", ")}, and not ${asked}.`);
}

/** Why a number is no score of a board. */
export function faultOfScore({ id, decimals }: Board): string {
  if (decimals === 0) return "must be an integer; this number has a fraction";
  return `must be a score of board ${id}: at most 15 digits, ${decimals} of them behind the point`;
}
