import { Problem } from "shared/api/problems";
import { toRankedScore } from "shared/entries/ranked-score";
import type { Board } from "shared/model/board";
import type { Submission } from "./submission.ts";

/** A write's values as its board keeps them. */
export interface Written {
  /** The ranked score, or for `add` its delta. */
  value: number;
  /** Minimised JSON, `null` to clear what there is, empty to leave it. */
  metadata: string;
}

/**
 * Brings a write's values into the form of its board.
 *
 * @throws Problem `invalid_request` that names the field: too many decimals, or a sub-score or
 *   metadata that the board has not
 */
export function toWritten(board: Board, { value, valueField = "score", sub, metadata }: Submission): Written {
  const ranked = toRankedScore(board, value);
  if (ranked === undefined) throw invalid(valueField, faultOf(board));
  if (sub !== undefined && board.sub === null)
    throw invalid("sub", `must be left out: board ${board.id} has no sub-scores`);
  if (metadata === undefined) return { value: ranked, metadata: "" };
  const text = JSON.stringify(metadata);
  const most = board.metadata_bytes_max;
  if (metadata !== null && most === 0) {
    throw invalid("metadata", `must be left out: board ${board.id} keeps no metadata`);
  }
  if (metadata !== null && Buffer.byteLength(text) > most) {
    throw invalid(
      "metadata",
      `must have at most ${most} bytes as JSON without spaces; this has ${Buffer.byteLength(text)}`,
    );
  }
  return { value: ranked, metadata: text };
}

function faultOf({ id, decimals }: Board): string {
  if (decimals === 0) return "must be an integer; this number has a fraction";
  return `must be a score of board ${id}: at most 15 digits, ${decimals} of them behind the point`;
}

const invalid = (field: string, message: string) =>
  new Problem("invalid_request", `The body is not valid: ${field}.`, { errors: [{ field, message }] });
