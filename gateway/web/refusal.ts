import { type ErrorCode, LeaderboardError } from "leaderboard-client";

/** A failure in words, for the page. */
export interface Refusal {
  detail: string;
  /** Names of the invalid fields. */
  fields: readonly string[];
}

/** The labels of fields that the server names. */
const LABELS: Record<string, string> = {
  user_id: "Player ID",
  userId: "Player ID",
  name: "Name",
  board: "Board",
  region: "Home region",
  password: "Password",
  delta: "Points",
};

const MESSAGES: Partial<Record<ErrorCode, string>> = {
  no_answer: "The server does not answer.",
  not_understood: "Something else answers in the server's place.",
  no_upstream: "The scores are out of reach at the moment.",
  too_many_streams: "Too many pages are watching from this network.",
  board_not_found: "There is no such board.",
  not_ranked: "There is no such player on this board.",
  board_read_only: "Players do not write on this board: the game does.",
  operator_not_allowed: "Nothing can be added on this board.",
  attempts_exhausted: "You have no tries left on this board.",
  board_ended: "This board has ended.",
  board_not_started: "The first season of this board has not begun.",
  season_ended: "This season has ended.",
  season_unknown: "The next season of this board is not planned yet.",
  season_not_found: "There is no such season.",
  archives_unavailable: "Past seasons cannot be read at the moment.",
  score_out_of_bounds: "The sum would be outside of what this board allows.",
  bad_credentials: "The player ID, name or password is wrong.",
  user_exists: "This player ID is taken.",
  invalid_token: "You are logged out. Log in again.",
  missing_token: "Log in first.",
  rate_limited: "That was too fast. Try again in a moment.",
  queue_full: "Too many scores at once. Try again in a moment.",
  score_out_of_range: "That would be more than a score can be.",
};

/** An error of a read in words: the page reads without a token. */
export const toReadRefusal = (error: unknown): Refusal =>
  error instanceof LeaderboardError && error.code === "missing_token"
    ? { detail: "Only operators read this board.", fields: [] }
    : toRefusal(error);

/**
 * An error of the client in words; an unknown code is shown in the server's own words.
 *
 * @throws any error that is not of the client
 */
export function toRefusal(error: unknown): Refusal {
  if (!(error instanceof LeaderboardError)) throw error;
  const { code, message, errors } = error;
  const faults = errors.map((each) => `${LABELS[each.field] ?? each.field} ${each.message}`).join("; ");
  return { detail: MESSAGES[code] ?? (faults || message), fields: errors.map(({ field }) => field) };
}
