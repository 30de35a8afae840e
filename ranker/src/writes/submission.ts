import type { Ties } from "shared/api/fields";
import type { BoardOperation } from "shared/model/board";

/** One write of a player's score. */
export interface Submission {
  /** `submit` leaves it to the operator of the board. */
  operation: "submit" | BoardOperation;
  board: string;
  /** Who writes, a player unless given: not every board lets players write. */
  by?: "player" | "operator";
  /** The score, or for `add` the delta, as callers spell it. */
  value: number;
  /** The field that the caller gave it in, `score` where it is left out. */
  valueField?: string;
  /** The sub-score, or for `add` its delta. */
  sub?: number | undefined;
  /** A JSON object; null clears what the entry has. */
  metadata?: object | null | undefined;
  /** The season that alone the write is for; the one that runs where it is left out. */
  season?: number | undefined;
  /** How the ranks of the answer count equal entries, by arrival where it is left out. */
  ties?: Ties | undefined;
  idempotencyKey?: string | undefined;
  /** Writes of a run that begin in one turn share a call of their own, in their order. */
  run?: number | undefined;
}

/** A write by an operator, as its body has it: `score`, or `operation` with `value`. */
interface OperatorWrite extends Pick<Submission, "board" | "sub" | "metadata" | "season" | "ties"> {
  score?: number | undefined;
  operation?: BoardOperation | undefined;
  value?: number | undefined;
}

/** The write that the body asks for. */
export function toSubmission(body: OperatorWrite): Submission {
  const { board, sub, metadata, season, ties, score = 0 } = body;
  const { operation = "submit" as const, value = score } = body;
  const valueField = body.operation === undefined ? "score" : "value";
  return { operation, board, by: "operator", value, valueField, sub, metadata, season, ties };
}
