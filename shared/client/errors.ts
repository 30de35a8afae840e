import type { FieldError, ProblemCode } from "../src/api/problems.ts";

/** What the server says, or, with status 0 or a status of somebody between, why it could not be asked. */
export type ErrorCode =
  | ProblemCode
  /** Nobody answered: the connection failed, or took too long. */
  | "no_answer"
  /** The answer was none of this API's: a proxy's page, for example. */
  | "not_understood";

export interface ErrorDetails {
  /** Of the HTTP answer; 0 where there was none. */
  status: number;
  /** What is wrong with the input, field by field; empty unless the code is `invalid_request`. */
  errors?: readonly FieldError[];
  /** What the server's log has of it. */
  requestId?: string | undefined;
  /** Seconds until a retry makes sense, where the server said so. */
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** Every failure of a call but an abort, which is the signal's own reason. Go by `code`; `message` is for people. */
export class LeaderboardError extends Error {
  override readonly name = "LeaderboardError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly errors: readonly FieldError[];
  readonly requestId: string | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails) {
    super(message, { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.errors = details.errors ?? [];
    this.requestId = details.requestId;
    this.retryAfter = details.retryAfter;
  }
}

/** The error that an answer is. Its body is read. */
export async function toError(response: Response): Promise<LeaderboardError> {
  const { status, headers } = response;
  const retryAfter = readRetryAfter(headers.get("Retry-After"));
  const isProblem = headers.get("Content-Type")?.startsWith("application/problem+json") === true;
  const problem = isProblem ? ((await response.json().catch(() => undefined)) as Partial<ProblemBody>) : undefined;
  if (problem?.code === undefined) {
    return notUnderstood(response, retryAfter);
  }
  const { code, detail = code, request_id: requestId, errors = [] } = problem;
  return new LeaderboardError(code, detail, { status, errors, requestId, retryAfter });
}

/** The error that an answer is when it is none of this API's. */
export const notUnderstood = ({ status, headers }: Response, retryAfter?: number) =>
  new LeaderboardError("not_understood", `The answer was ${status}, and none of a leaderboard.`, {
    status,
    retryAfter,
    requestId: headers.get("X-Request-Id") ?? undefined,
  });

interface ProblemBody {
  code: ProblemCode;
  detail: string;
  request_id: string;
  errors: FieldError[];
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function readRetryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}
