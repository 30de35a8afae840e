import { Problem } from "../api/problems.ts";
import { NotSent } from "./cluster.ts";
import { isRefusal, isReply } from "./reply-error.ts";

/** A failed read changed nothing; a write may stand although its reply was lost. */
export type CallKind = "read" | "write";

// The reply to a script that touches undeclared keys while their slot moves. In a request, only
// reading scripts touch undeclared keys, so this reply means that nothing was changed.
const KEY_HAS_MOVED = /^ERR Script attempted to access a non local key in a cluster node/;
// ioredis rejects with these before a byte has left, or after a reply that nothing was done. Its
// other errors, such as "max retries per request" and "Connection is closed", may concern a command
// that arrived and whose reply was lost.
const NEVER_RUN = /enableOfflineQueue|^Too many Cluster redirections\. Last error: ReplyError: /;

/**
 * Maps a failed Redis call to what its caller is told: `unavailable` when nothing was changed,
 * `outcome_unknown` when a write may have been applied although its reply was lost, `internal` when
 * Redis refused the call itself.
 */
export function toRedisProblem(error: unknown, kind: CallKind): Problem {
  if (error instanceof Problem) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (isRefusal(error) && !KEY_HAS_MOVED.test(message)) {
    return new Problem("internal", "Something failed on our side. Name the request id when you report it.", {
      cause: error,
    });
  }
  const isNeverRun = error instanceof NotSent || NEVER_RUN.test(message);
  if (kind === "read" || isReply(error) || isNeverRun) {
    return new Problem("unavailable", "The ranking store does not answer. Nothing was changed; try again.", {
      cause: error,
    });
  }
  return new Problem(
    "outcome_unknown",
    "The ranking store did not confirm the write, which may stand. Read the score, or repeat with an Idempotency-Key.",
    { cause: error },
  );
}

/** Waits for plain commands of one kind. @throws Problem of `toRedisProblem` */
export async function failAs<T>(kind: CallKind, reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    throw toRedisProblem(error, kind);
  }
}
