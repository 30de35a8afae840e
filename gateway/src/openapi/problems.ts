import { STATUS_CODES } from "node:http";
import { ANSWER_KEPT_SECONDS } from "shared/api/fields";
import type { Operation } from "shared/api/operation";
import { type ProblemCode, problemStatus } from "shared/api/problems";
import { ROLES } from "shared/model/roles";
import { headersOf, ref } from "./headers.ts";
import type { Json } from "./schema.ts";

const KEPT_HOURS = ANSWER_KEPT_SECONDS / 3600;

/** When a client meets a code, and what it can do then. A code without a text does not compile. */
const problemTexts: Record<ProblemCode, string> = {
  invalid_json: "The body is not JSON in UTF-8.",
  invalid_request: "A field of the body, the query, the path or a header is not valid; `errors` names each.",
  missing_token: "The route, or the board that is read, needs a bearer token.",
  invalid_token:
    "The token is not valid here, has expired, its account is not there any more, or the password was changed. Log in again.",
  bad_credentials: "No player has this `user_id` with these credentials.",
  wrong_region: "The region is not the player's home region.",
  forbidden:
    "The token is a player's on a route or a board for operators or for another player's score, or an operator's on a route for players.",
  role_required: "The role of the operator's token is too low; the `detail` names the one that is needed.",
  board_not_allowed: "The operator's token is for other boards, or for named boards on a route that acts on all.",
  registration_closed:
    "Players of this server register with its identity provider, or it takes no guests; `detail` says which.",
  not_found: "There is no such path, or nothing is kept of this player.",
  board_not_found: "There is no such board. Writing to an id makes none.",
  board_immutable: "The change would give the scores that are there another meaning; `errors` names the fields.",
  board_configured: "The board stands in `BOARDS`, and so is there from the start. `main` is never deleted.",
  board_being_deleted: "The entries of a deleted board are still being removed; the id is free afterwards.",
  board_not_started: "The first season of the board has not begun. Nothing was changed.",
  season_ended: "The request is for one season alone, and `season` runs. Nothing was changed.",
  season_not_found: "The board has no such season: it has not begun, or was purged.",
  season_unknown: "The planner has not planned the board's next season yet. Nothing was changed; try again.",
  season_not_ended: "Not all regions confirmed the end of the season. It goes on as before; try again.",
  archives_unavailable:
    "Archived seasons cannot be read now: their database does not answer, or this ranker has none. `missing_regions` may name them.",
  board_ended: "The board has ended. It can be read, and is written no more.",
  attempts_exhausted: "The player has written as often as the board's `attempts_max` allows; see `used` and `max`.",
  board_read_only: "Only operators write on this board.",
  operator_not_allowed:
    "The board does not allow what the write asks for; `operators` of the board names what it does.",
  precondition_required: 'The board has another definition: change it with `If-Match: "<rev>"`.',
  precondition_failed: "The board was changed meanwhile; read it again.",
  stale_definition: "The board was changed again and again meanwhile. Nothing was changed; try again.",
  not_ranked: "The player has no entry on this board of this view.",
  method_not_allowed: "The path takes other methods, which `Allow` names.",
  request_timeout: "The body took longer than the route waits for one; `detail` says how long.",
  user_exists: "The `user_id` is taken.",
  name_given: "An operator gave the player a name, which stays. Nothing was changed.",
  entry_exists: "The player already has an entry on this board; set or add to it instead.",
  idempotency_conflict: `The \`Idempotency-Key\` was used for another request within the last ${KEPT_HOURS} hours.`,
  body_too_large: "The body is larger than the route allows; `detail` says how much it does.",
  unsupported_media_type: "Bodies are JSON in UTF-8, not compressed, and say so: `Content-Type: application/json`.",
  score_out_of_range:
    "The result would leave ±(2⁵³−1), or with decimals have more than 15 digits. Nothing was changed.",
  score_out_of_bounds: "The result, `score`, is outside of the board's `bounds`. Nothing was changed.",
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

/** Refusals that are kept under an `Idempotency-Key`, so that its repeats get them again. */
const KEPT: readonly ProblemCode[] = [
  "entry_exists",
  "score_out_of_range",
  "score_out_of_bounds",
  "attempts_exhausted",
  "board_ended",
  "season_ended",
];

/** A route that needs no higher role refuses no operator for it. */
const [LEAST_ROLE] = ROLES;

/** Codes of requests that match no operation. */
export const UNROUTED: readonly ProblemCode[] = ["not_found", "method_not_allowed"];

/** The texts of codes, as a list in Markdown. */
export const textOf = (codes: readonly ProblemCode[]) =>
  codes.map((code) => `- \`${code}\`: ${problemTexts[code]}`).join("\n");

/** The codes of an operation: its own, and those that its description implies. */
function codesOf({ problems, body, isProxied, limits, access }: Operation): ProblemCode[] {
  const codes: ProblemCode[] = ["invalid_request", "internal", ...problems];
  if (body !== undefined) codes.push("invalid_json", "unsupported_media_type", "body_too_large", "request_timeout");
  if (access !== "anyone") codes.push("missing_token", "invalid_token", "forbidden");
  if (typeof access === "object" || access === "readers") codes.push("board_not_allowed");
  if (typeof access === "object" && access.role !== LEAST_ROLE) codes.push("role_required");
  if (limits.length > 0) codes.push("rate_limited");
  if (isProxied) codes.push("head_too_large", "unavailable", "no_upstream");
  return codes;
}

/**
 * The responses of an operation, one for each status. Generators make types of their names, which
 * stay the same when a response gets another code: `GetRankNotFound`.
 */
export function problemsOf(operation: Operation, operationId: string) {
  const codes = codesOf(operation);
  const statuses = [...new Set(codes.map((code) => problemStatus[code]))].sort((a, b) => a - b);
  return statuses.map((status) => {
    const here = codes.filter((code) => problemStatus[code] === status).sort();
    const words = (STATUS_CODES[status] ?? "").replaceAll(/[^A-Za-z]/g, "");
    const name = `${operationId.charAt(0).toUpperCase()}${operationId.slice(1)}${words}`;
    return { status, name, response: problemResponse(status, here, operation) };
  });
}

function problemResponse(status: number, codes: readonly ProblemCode[], operation: Operation): Json {
  const shown = codes.map((code) => [code, ref("examples", code)]);
  return {
    description: textOf(codes),
    headers: headersOf(operation, {
      "Retry-After": status === 429 || status === 503,
      "WWW-Authenticate": status === 401,
      "Idempotent-Replayed": operation.repeat === "keyed" && codes.some((code) => KEPT.includes(code)),
    }),
    content: { "application/problem+json": { schema: ref("schemas", "Problem"), examples: Object.fromEntries(shown) } },
  };
}

/** A problem of each code of the operations, as components of the document. */
export function problemExamples(operations: readonly Operation[]): Json {
  const codes = [...new Set(operations.flatMap(codesOf))].sort();
  return Object.fromEntries(codes.map((code) => [code, { summary: problemTexts[code], value: exampleOf(code) }]));
}

function exampleOf(code: ProblemCode): Json {
  const status = problemStatus[code];
  return {
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    code,
    detail: problemTexts[code].replaceAll("`", ""),
    request_id: "03c29ba9-6033-4c56-881d-d1264c0b68ce",
    errors: code === "invalid_request" ? [{ field: "delta", message: "must be a number" }] : undefined,
  };
}

const text = { type: "string" };
export const problemSchema = {
  type: "object",
  description: "An error, as RFC 9457 describes it.",
  properties: {
    type: { const: "about:blank" },
    title: { ...text, description: "The status in words." },
    status: { type: "integer" },
    code: ref("schemas", "ProblemCode"),
    detail: { ...text, description: "For people." },
    request_id: text,
    retry_after: { type: "integer", minimum: 0, description: "Seconds, of 429 and 503: what `Retry-After` says." },
    missing_regions: { type: "array", items: text, description: "Of `region_unavailable`: who does not answer." },
    used: { type: "integer", description: "Of `attempts_exhausted`: writes of the player." },
    max: { type: "integer", description: "Of `attempts_exhausted`: writes that the board allows." },
    score: { type: "number", description: "Of `score_out_of_bounds`: what the write would have made." },
    season: { type: "integer", minimum: 1, description: "Of `season_ended`: the one that runs." },
    bounds: { type: "object", description: "Of `score_out_of_bounds`: those of the board." },
    errors: {
      description: "What is wrong with the input, field by field.",
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        properties: { field: text, message: text },
        required: ["field", "message"],
      },
    },
  },
  required: ["type", "title", "status", "code", "detail", "request_id"],
};
