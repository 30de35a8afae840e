import type { Cluster, Redis as Connection } from "ioredis";
import { isReply } from "./reply-error.ts";

/** The last error that a server replied, such as WRONGPASS at the login. */
export interface LastReply {
  readonly error: Error | undefined;
  /** Notes an error that a command met; errors of the connection are ignored. */
  note(error: unknown): void;
  stop(): void;
}

// A cluster tells the errors of its nodes by the second one.
const EVENTS = ["error", "node error"];

/**
 * Keeps the last error that Redis replied while the client connects. A server that answers with an
 * error is not silent, and its operator needs the words of that error.
 */
export function watchReplies(redis: Connection | Cluster): LastReply {
  let last: Error | undefined;
  const note = (error: unknown) => {
    if (isReply(error)) last = error;
  };
  for (const event of EVENTS) redis.on(event, note);
  return {
    get error() {
      return last;
    },
    note,
    stop() {
      for (const event of EVENTS) redis.off(event, note);
    },
  };
}

/** The error of a wait that ended without a usable server: its last reply, or else its silence. */
export const toWaitError = (last: Error | undefined, timeoutMs: number): Error =>
  last === undefined
    ? new Error(`Redis did not answer within ${timeoutMs} ms`)
    : new Error(`Redis answers, but with an error: ${last.message}`, { cause: last });
