/** The codes of the server. A later server may have others: treat an unknown one by its status. */
export type ProblemCode =
  | "invalid_json"
  | "invalid_request"
  | "missing_token"
  | "invalid_token"
  | "bad_credentials"
  | "wrong_region"
  | "forbidden"
  | "role_required"
  | "board_not_allowed"
  | "registration_closed"
  | "operator_not_allowed"
  | "board_read_only"
  | "not_found"
  | "not_ranked"
  | "board_not_found"
  | "season_not_found"
  | "method_not_allowed"
  | "request_timeout"
  | "user_exists"
  | "name_given"
  | "entry_exists"
  | "idempotency_conflict"
  | "attempts_exhausted"
  | "board_ended"
  | "board_not_started"
  | "season_ended"
  | "board_immutable"
  | "board_configured"
  | "board_being_deleted"
  | "precondition_failed"
  | "body_too_large"
  | "unsupported_media_type"
  | "score_out_of_range"
  | "score_out_of_bounds"
  | "precondition_required"
  | "rate_limited"
  | "too_many_streams"
  | "queue_full"
  | "head_too_large"
  | "internal"
  | "unavailable"
  | "region_unavailable"
  | "outcome_unknown"
  | "no_upstream"
  | "stale_definition"
  | "season_unknown"
  | "season_not_ended"
  | "archives_unavailable";

/** One fault of the input: which field, and what is wrong with it. */
export interface FieldError {
  field: string;
  message: string;
}

/** The refusal of one of several things that a call asks for. */
export interface ItemProblem {
  status: number;
  code: ProblemCode;
  detail: string;
  /** The fields, as the request has them: `items.3.score`. */
  errors?: FieldError[] | undefined;
  /** Seconds, of what may be sent again. */
  retry_after?: number | undefined;
}
