import type { z } from "zod";
import type { Facts } from "../http/facts.ts";

/** Every error code and its status. The codes are part of the HTTP contract. */
export const problemStatus = {
  invalid_json: 400,
  invalid_request: 400,
  missing_token: 401,
  invalid_token: 401,
  bad_credentials: 401,
  wrong_region: 403,
  forbidden: 403,
  role_required: 403,
  board_not_allowed: 403,
  registration_closed: 403,
  operator_not_allowed: 403,
  board_read_only: 403,
  not_found: 404,
  not_ranked: 404,
  board_not_found: 404,
  season_not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  user_exists: 409,
  entry_exists: 409,
  name_given: 409,
  idempotency_conflict: 409,
  attempts_exhausted: 409,
  board_ended: 409,
  board_not_started: 409,
  season_ended: 409,
  board_immutable: 409,
  board_configured: 409,
  board_being_deleted: 409,
  precondition_failed: 412,
  body_too_large: 413,
  unsupported_media_type: 415,
  score_out_of_range: 422,
  score_out_of_bounds: 422,
  precondition_required: 428,
  rate_limited: 429,
  too_many_streams: 429,
  queue_full: 429,
  head_too_large: 431,
  internal: 500,
  unavailable: 503,
  region_unavailable: 503,
  outcome_unknown: 503,
  no_upstream: 503,
  stale_definition: 503,
  season_unknown: 503,
  season_not_ended: 503,
  archives_unavailable: 503,
} as const;
export type ProblemCode = keyof typeof problemStatus;

/** One fault of the input: which field, and what is wrong with it. */
export interface FieldError {
  field: string;
  message: string;
}

export interface ProblemOptions {
  errors?: FieldError[];
  /** By their names in lower case. */
  headers?: Record<string, string>;
  /** `Retry-After`. Default: 1 for the statuses 429 and 503. */
  retryAfterSeconds?: number;
  /** Further members of the problem, for programs. */
  members?: Record<string, unknown>;
  /** For the log only, never for the client. */
  cause?: unknown;
  /** For the log only. */
  facts?: Facts;
}

/** An error for the client, who reads its message; `cause` and `facts` are for the log. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly status: (typeof problemStatus)[ProblemCode];
  readonly errors: FieldError[] | undefined;
  readonly members: Record<string, unknown>;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly facts: Facts | undefined;

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause });
    this.name = "Problem";
    this.code = code;
    this.status = problemStatus[code];
    this.errors = options.errors;
    this.members = options.members ?? {};
    this.facts = options.facts;
    const retryAfter = options.retryAfterSeconds ?? (this.status === 429 || this.status === 503 ? 1 : undefined);
    const headers: Record<string, string> = {};
    if (retryAfter !== undefined) headers["retry-after"] = String(retryAfter);
    if (this.status === 401) headers["www-authenticate"] = "Bearer";
    this.headers = { ...headers, ...options.headers };
  }
}

/** A token that is refused, with the challenge of RFC 6750. */
export function invalidToken(detail: string, cause?: unknown, facts: Facts = {}): Problem {
  return new Problem("invalid_token", detail, {
    headers: { "www-authenticate": 'Bearer error="invalid_token"' },
    cause,
    facts,
  });
}

/**
 * The refusal of a board that does not exist. Nothing creates a board but an operator's request.
 */
export const boardNotFound = (board: string) => new Problem("board_not_found", `There is no board ${board}.`);

/** A token whose account was removed, registered again, or moved, or has another password. */
export const accountGone = () =>
  invalidToken("The account of this token is not there any more, or its password was changed. Log in again.");

/**
 * A thrown value as a problem. An unknown error is `internal`, and its message stays in the log.
 */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem("internal", "Something failed on our side. Name the request id when you report it.", {
    cause: error,
  });
}

/**
 * `invalid_request` with the fields that zod refused, the first 20 of them. `place` is the body,
 * the query or the path.
 */
export const toInvalidRequest = (error: z.core.$ZodError, place: string): Problem =>
  invalid(place, toFieldErrors(error, place));

/** `invalid_request` with these faults of a body. */
export const invalidBody = (errors: FieldError[]): Problem => invalid("body", errors);

// A body of 3 MiB may have 300,000 unknown fields, or one whose name takes all of it. Without these
// bounds the answer to a bulk would be larger than a link carries.
const FAULTS_MAX = 20;
const FIELD_CHARACTERS_MAX = 64;
/** Faults in words, for those who see the detail alone. */
const TOLD_MAX = 3;

function invalid(place: string, faults: FieldError[]): Problem {
  const errors = faults.slice(0, FAULTS_MAX).map(({ field, message }) => ({ field: cutField(field), message }));
  const told = errors.slice(0, TOLD_MAX).map(({ field, message }) => `${field} ${message}`);
  if (faults.length > TOLD_MAX) told.push(`${faults.length - TOLD_MAX} more`);
  return new Problem("invalid_request", `The ${place} is not valid: ${told.join("; ")}.`, { errors });
}

const cutField = (field: string) =>
  field.length > FIELD_CHARACTERS_MAX ? `${field.slice(0, FIELD_CHARACTERS_MAX - 1)}…` : field;

/** The fields that zod refused. @param place stands for the whole of what was parsed */
export const toFieldErrors = ({ issues }: z.core.$ZodError, place: string): FieldError[] =>
  issues.flatMap((issue) => errorsOf(issue, place));

function errorsOf(issue: z.core.$ZodIssue, place: string): FieldError[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.slice(0, FAULTS_MAX).map((key) => ({
      field: [...issue.path, key].map(String).join("."),
      message: "is not a known field",
    }));
  }
  if (issue.code !== "invalid_union" || issue.errors.length === 0) {
    return [{ field: issue.path.map(String).join(".") || place, message: issue.message }];
  }
  // Of several forms the one with the fewest faults is meant.
  const forms = issue.errors.map((issues) => issues.flatMap((each) => errorsOf(within(issue.path, each), place)));
  return forms.toSorted((a, b) => a.length - b.length)[0] ?? [];
}

/** An issue of a form, as one of the whole. */
const within = (path: readonly PropertyKey[], issue: z.core.$ZodIssue): z.core.$ZodIssue => ({
  ...issue,
  path: path.concat(issue.path),
});

/** A field of a body that its schema takes, and that is wrong for another reason. */
export const invalidField = (field: string, message: string): Problem => invalidBody([{ field, message }]);

/** The same of a field of a query. */
export const invalidQuery = (field: string, message: string): Problem => invalid("query", [{ field, message }]);

/** The same of a header. */
export const invalidHeader = (field: string, message: string): Problem => invalid("header", [{ field, message }]);
