import { ReplyError } from "ioredis";

// Replies of a server that is up but cannot serve now. Every other error reply is a fault of this
// code, or a refusal.
const TRANSIENT_REPLY = /^(OOM|MISCONF|READONLY|LOADING|BUSY|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|TRYAGAIN|MOVED|ASK)\b/;

/** An error that a server replied to one command of a script that went on. */
export const refusedByRedis = (message: string): Error => new ReplyError(message);

/** Whether the server replied with this error; other errors are the connection's. */
export const isReply = (error: unknown): error is Error => error instanceof ReplyError;

/** Whether the server is up but cannot serve now: the same command may succeed later. */
export const isTransientReply = (error: unknown): boolean => isReply(error) && TRANSIENT_REPLY.test(error.message);

/**
 * Whether a server that can serve refused a command for good: its user may not call it, or the
 * store does not have it.
 */
export const isRefusal = (error: unknown): error is Error => isReply(error) && !TRANSIENT_REPLY.test(error.message);
