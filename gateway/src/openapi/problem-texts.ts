import type { ProblemCode } from "shared/api/problems";

/** When a client meets a code, and what it can do then. A code without a text does not compile. */
export const problemTexts: Record<ProblemCode, string> = {
  invalid_json: "The body is not JSON in UTF-8.",
  invalid_request: "A field of the body, the query, the path or a header is not valid; `errors` names each.",
  missing_token: "The route needs a bearer token.",
  invalid_token: "The token is not valid here, has expired, or its account is not there any more. Log in again.",
  bad_credentials: "No player has this `user_id` with these credentials.",
  wrong_region: "The region is not the player's home region.",
  forbidden: "The token is a player's on a route for operators, or an operator's on a route for players.",
  registration_closed: "Players of this server register with its identity provider.",
  not_found: "There is no such path, or nothing is kept of this player.",
  not_ranked: "The player has no entry on this board of this view.",
  method_not_allowed: "The path takes other methods, which `Allow` names.",
  request_timeout: "The body took longer than 5 seconds.",
  user_exists: "The `user_id` is taken.",
  entry_exists: "The player already has an entry on this board; set or add to it instead.",
  idempotency_conflict: "The `Idempotency-Key` was used for another request within the last 24 hours.",
  body_too_large: "A body may have at most 16 KiB.",
  unsupported_media_type: "Bodies are JSON in UTF-8, not compressed, and say so: `Content-Type: application/json`.",
  score_out_of_range: "The sum would leave ±(2⁵³−1). Nothing was changed.",
  too_many_streams: "One address has too many live streams open. Close one, or come back after `Retry-After` seconds.",
  rate_limited: "A token bucket is empty. Nothing was changed; come back after `Retry-After` seconds.",
  queue_full: "Too many writes wait for PostgreSQL. Nothing was changed; come back after `Retry-After` seconds.",
  head_too_large: "Path, query and headers have more than 15 KiB together.",
  internal: "Something failed on the server's side; its log has the `request_id`.",
  unavailable: "A store or the ranking service does not answer. Nothing was changed; try again.",
  outcome_unknown: "The write may stand: read the score, or repeat it under the same `Idempotency-Key`.",
  region_unavailable:
    "A region of the view does not answer; `missing_regions` names it. `partial=allow` reads the rest.",
  no_upstream: "No ranking service is up. Nothing was changed; try again.",
};

/** Codes of requests that match no operation. */
export const UNROUTED: readonly ProblemCode[] = ["not_found", "method_not_allowed"];
