/**
 * The deadlines that share one budget: a client has its answer, or a problem, within a second. In milliseconds.
 *
 *     a write, at worst:  100 limits + 200 account + 400 command = 700 of 900; with replicas 300 of the 400 are their wait
 *     a read, at worst:   two commands one after the other = 800 of 900
 *
 * A write that has used its time is answered without the rank over other shards; see `submit.ts`.
 */

/** The gateway answers within this time; the rest of the second is the way to the client and back. */
export const GATEWAY_ANSWER_MS = 900;
/** A first attempt that may be repeated leaves half of the time to a second upstream. */
export const FIRST_ATTEMPT_MS = GATEWAY_ANSWER_MS / 2;
/** The gateway's Redis commands, all for rate limits. After this the gateway counts in its own process. */
export const LIMIT_COMMAND_MS = 100;
/** The fetch of an identity provider's keys, which a gateway and then a ranker may wait for. */
export const KEY_SET_FETCH_MS = 450;

/** The ranker's check that a token's account still exists. After this the token alone decides. */
export const ACCOUNT_CHECK_MS = 200;
/** The time that a password may wait for its turn to be hashed; a hash takes 20 to 40 ms of an idle core. */
export const PASSWORD_TURN_MS = 300;
/** A reply to a Redis command of a ranker or a drainer. */
export const REDIS_COMMAND_MS = 400;
/** One `WAIT` for a replica. A write waits for up to two of them, and both have to fit into its command's time. */
export const REPLICA_WAIT_MS = 150;

/** A new connection to Redis. Requests do not wait for it: without a connection they fail at once. */
export const REDIS_CONNECT_MS = 500;
/** Silence that ends a Redis connection. Two commands long, so that one slow script does not cost the connection. */
export const REDIS_SILENCE_MS = 2 * REDIS_COMMAND_MS;
