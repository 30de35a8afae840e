/**
 * The deadlines that share one budget: a client has its answer, or a problem, within a second. In
 * milliseconds.
 *
 *     a write, at worst:  100 limits + 200 account + 400 command = 700 of 900
 *                         (with replicas 2 · 150 of the 400 are their wait)
 *     a read, at worst:   two commands one after the other = 800 of 900
 *
 * The rank over other shards, which is read after a write, may take longer than is left: the
 * gateway then answers `outcome_unknown`.
 */

/** The gateway answers within this time; the rest of the second is the way to the client. */
export const GATEWAY_ANSWER_MS = 900;
/** A first attempt that may be repeated leaves half of the time to a second upstream. */
export const FIRST_ATTEMPT_MS = GATEWAY_ANSWER_MS / 2;
/** A Redis command of the gateway, for rate limits. After this it counts in its own process. */
export const LIMIT_COMMAND_MS = 100;
/**
 * The wait of a change of a board for the planner of its seasons. With the rest of the change it
 * fits into a first attempt.
 */
export const PLAN_WAIT_MS = 300;
/** The fetch of an identity provider's keys, which a gateway and then a ranker may wait for. */
export const KEY_SET_FETCH_MS = 450;

/** The ranker's check that a token's account still exists. After this the token alone decides. */
export const ACCOUNT_CHECK_MS = 200;
/** A password's wait for its turn; the hash then takes 20 to 40 ms of an idle core. */
export const PASSWORD_TURN_MS = 300;
/** A reply to a Redis command of a ranker or a drainer. */
export const REDIS_COMMAND_MS = 400;
/** One `WAIT` for a replica. A write waits for up to two, which must fit into its command. */
export const REPLICA_WAIT_MS = 150;

/** A read of an archived season. With its problem it fits into a first attempt. */
export const ARCHIVE_READ_MS = 400;
/**
 * The wait for one database in it: a partial answer leaves out those that do not answer, and asks
 * the others once more.
 */
export const ARCHIVE_DATABASE_MS = 250;
/** The look whether a season is archived by now. After this Redis is asked, which may know. */
export const ARCHIVE_LOOK_MS = 100;
/** A use of a connection to the archives, which goes on behind a reader that has its answer. */
export const ARCHIVE_STATEMENT_MS = 1_000;

/** A new connection to Redis. Requests do not wait for it: they fail at once. */
export const REDIS_CONNECT_MS = 500;
/**
 * Silence after which a Redis connection is closed: twice a command, so that one slow script does
 * not close it.
 */
export const REDIS_SILENCE_MS = 2 * REDIS_COMMAND_MS;

/** The maximum of `setTimeout`, 24.8 days: for a wait that only the end of the process ends. */
export const TIMER_MS_MAX = 2 ** 31 - 1;
