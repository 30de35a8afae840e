import { ARRIVAL_DIGITS, toArrival } from "shared/base/times";

/** What becomes of a write. */
export type Outcome =
  | "ok"
  | "entry_exists"
  | "score_out_of_range"
  | "score_out_of_bounds"
  | "attempts_exhausted"
  | "board_ended"
  | "season_ended"
  | "board_not_started"
  | "idempotency_conflict"
  | "queue_full"
  | "moved"
  | "closed"
  | "erased"
  | "unknown"
  | "stale"
  | "none"
  | "season"
  | "unplanned";

/** What `submit.lua` answers to one write. */
export interface SubmitAnswer {
  isReplay: boolean;
  outcome: Outcome;
  /** What follows the outcome: of `ok` those of {@link Done}. */
  values: readonly string[];
  /** The name that an operator gave the player. */
  givenName: string | undefined;
}

/**
 * What `ok` says. Only the first five of an answer that an earlier release kept; `-` stands for
 * what there is none of.
 */
export type Done = readonly [
  rankedScore: string,
  updatedAt: string,
  /** `-` where it follows from `updatedAt`. */
  place: string,
  rank: string,
  /** Over the view, else on the shard: `0` by arrival, or `2` as shared. */
  isFinal: "0" | "1" | "2",
  effect?: "none" | "same" | "place",
  rankedBefore?: string,
  placeBefore?: string,
  rankBefore?: string,
  total?: string,
  /** On a board with seasons alone. */
  season?: string,
  startsAt?: string,
  endsAt?: string,
];

/** The error that Redis replied to a command of one write. Nothing of that write was done. */
export interface RefusedWrite {
  error: string;
}

/** Reads what `submit.lua` says of one write. */
export function parseAnswer(text: string): SubmitAnswer | RefusedWrite {
  if (text.startsWith("! ")) return { error: text.slice(2) };
  const [answer = "", givenName] = text.split("\n");
  const [replayed, outcome, ...values] = answer.split(" ");
  return { isReplay: replayed === "1", outcome: outcome as Outcome, values, givenName };
}

/** Of an entry over a view. Null for a hidden player, and where a rank is not known. */
export interface Ranks {
  rank: number | null;
  rankBefore: number | null;
  total: number;
}

export const NO_RANKS: Ranks = { rank: null, rankBefore: null, total: 0 };

/**
 * @param text `<rank> <rank before> <total>`; rank 0 is that of a hidden player, or was never known
 */
export function toRanks(text: string): Ranks {
  const [rank = 0, before = 0, total = 0] = text.split(" ").map(Number);
  return { rank: rank || null, rankBefore: before || null, total };
}

export const ranksOf = ([, , , rank, , , , , rankBefore = "0", total = "0"]: Done): Ranks =>
  toRanks(`${rank} ${rankBefore} ${total}`);

/** An answer of release 0.1 holds the whole member instead of the place. */
export function placeOf([, updatedAt, place, , , effect]: Done): string {
  if (place === "-") return toArrival(Number(updatedAt));
  return effect === undefined ? place.slice(0, ARRIVAL_DIGITS) : place;
}
