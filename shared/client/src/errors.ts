import type { FieldError, ProblemCode } from "./api/problems.ts";

/** A code of the server, or one of two for a call that got no answer of the server. */
export type ErrorCode =
  | ProblemCode
  /** The connection failed, or the answer took too long. */
  | "no_answer"
  /** The answer is not one of this API, for example a proxy's page. */
  | "not_understood";

export interface ErrorDetails {
  /** The HTTP status; 0 without an answer. */
  status: number;
  /** The invalid fields; empty unless the code is `invalid_request`. */
  errors?: readonly FieldError[];
  /** The id of the request in the server's log. */
  requestId?: string | undefined;
  /** Seconds until a retry makes sense, if the server said so. */
  retryAfter?: number | undefined;
  /** Whether the refusal is that of an earlier request with the same idempotency key. */
  isReplay?: boolean;
  /** What the problem says beside its usual members. */
  members?: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

/** Every failure but an abort. Decide by `code`; `message` is for people. */
export class LeaderboardError extends Error {
  override readonly name = "LeaderboardError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly errors: readonly FieldError[];
  readonly requestId: string | undefined;
  readonly retryAfter: number | undefined;
  /**
   * True where an earlier request with the same idempotency key, perhaps an attempt of this call,
   * was refused: the server has not looked at this one again.
   */
  readonly isReplay: boolean;
  /**
   * Further members of the problem: `used` and `max` of `attempts_exhausted`, `score` and `bounds`
   * of `score_out_of_bounds`, `missing_regions` of `region_unavailable`.
   */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: ErrorDetails) {
    super(message, { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.errors = details.errors ?? [];
    this.requestId = details.requestId;
    this.retryAfter = details.retryAfter;
    this.isReplay = details.isReplay ?? false;
    this.members = details.members ?? {};
  }
}

/** Reads an unsuccessful answer as an error. */
export async function toError(response: Response): Promise<LeaderboardError> {
  const { status, headers } = response;
  const retryAfter = readRetryAfter(headers.get("Retry-After"));
  const isProblem = headers.get("Content-Type")?.startsWith("application/problem+json") === true;
  const problem = isProblem ? ((await response.json().catch(() => undefined)) as Partial<ProblemBody>) : undefined;
  if (problem?.code === undefined) {
    return notUnderstood(response, retryAfter);
  }
  const {
    code,
    detail = code,
    request_id: requestId,
    errors = [],
    type: _,
    title: _title,
    status: _status,
    retry_after: _retryAfter,
    ...members
  } = problem;
  const isReplay = headers.get("Idempotent-Replayed") === "true";
  return new LeaderboardError(code, detail, { status, errors, requestId, retryAfter, isReplay, members });
}

/** The error for an answer that is not one of this API. */
export const notUnderstood = ({ status, headers }: Response, retryAfter?: number) =>
  new LeaderboardError("not_understood", `The answer (${status}) is not one of a leaderboard.`, {
    status,
    retryAfter,
    requestId: headers.get("X-Request-Id") ?? undefined,
  });

interface ProblemBody {
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  detail: string;
  request_id: string;
  errors: FieldError[];
  retry_after: number;
}

/** Parses seconds or a date (RFC 9110, 10.2.3). @returns seconds */
function readRetryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}
