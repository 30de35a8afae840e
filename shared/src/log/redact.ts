// The value of these fields, even if the text is cut off inside it; and a hash anywhere else.
const HASH_FIELD = /("(?:password|device)_hash"\s*:\s*")(?:[^"\\]|\\.)*/g;
const PHC_STRING = /\$argon2[^\s"\\]*/g;

/** An event without password hashes, to show to people. It need not be well-formed. */
export const redact = (event: string): string => event.replaceAll(HASH_FIELD, "$1…").replaceAll(PHC_STRING, "…");

/** The same for an event that is not text. @returns base64 of the other bytes, unchanged */
export function redactBytes(event: Buffer): string {
  const text = event.toString("latin1");
  return Buffer.from(text.replaceAll(HASH_FIELD, "$1").replaceAll(PHC_STRING, ""), "latin1").toString("base64");
}

// A token, even if it is cut off; and the credentials of a URL.
const JWT = /\beyJ[\w-]{5,}(?:\.[\w-]*){0,2}/g;
const URL_CREDENTIALS = /:\/\/[^\s/@]*@/g;

/** A text such as an error message without password hashes, tokens and the credentials of URLs. */
export const redactSecrets = (text: string): string =>
  redact(text).replaceAll(JWT, "…").replaceAll(URL_CREDENTIALS, "://…@");

/** An error as a log line has it. */
export interface LoggedError {
  type: string;
  message: string;
  stack?: string;
  code?: string | number;
  cause?: LoggedError | string;
  /** Of an `AggregateError`. */
  errors?: (LoggedError | string)[];
}

const MESSAGE_CHARS_MAX = 1_000;
const STACK_CHARS_MAX = 4_000;
const NAME_CHARS_MAX = 100;
/** Causes of causes that are logged. */
const DEPTH_MAX = 4;
/** Members of one `AggregateError` that are logged. */
const ERRORS_MAX = 4;

/**
 * Reduces an error to its type, message, stack, code and cause. Other members may hold password
 * hashes: ioredis keeps arguments in `command`, postgres a row in `detail` and `parameters`.
 */
export function toLoggedError(thrown: unknown, depth = 1): LoggedError | string {
  if (!(thrown instanceof Error)) return cut(typeof thrown === "string" ? thrown : `a thrown ${typeof thrown}`);
  const { message, stack, cause } = thrown;
  const logged: LoggedError = { type: cut(nameOf(thrown), NAME_CHARS_MAX), message: cut(message) };
  if (typeof stack === "string") logged.stack = cut(stack, STACK_CHARS_MAX);
  const { code } = thrown as { code?: unknown };
  if (typeof code === "number") logged.code = code;
  if (typeof code === "string") logged.code = cut(code, NAME_CHARS_MAX);
  if (depth === DEPTH_MAX) return logged;
  if (cause !== undefined && cause !== null) logged.cause = toLoggedError(cause, depth + 1);
  if (thrown instanceof AggregateError) {
    logged.errors = thrown.errors.slice(0, ERRORS_MAX).map((each: unknown) => toLoggedError(each, depth + 1));
  }
  return logged;
}

// Many error classes leave `name` at "Error"; the name of the class says more.
const nameOf = (error: Error): string => (error.name === "Error" ? error.constructor.name : error.name);

function cut(text: string, charsMax = MESSAGE_CHARS_MAX): string {
  // Redacts twice the bound, because the text gets shorter.
  const shown = redactSecrets(text.slice(0, 2 * charsMax));
  return shown.length <= charsMax ? shown : `${shown.slice(0, charsMax)}…`;
}
