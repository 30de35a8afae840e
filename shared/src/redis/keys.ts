import type { LimitedNetworks } from "../limits/limited-network.ts";
import type { Shard } from "../model/regions.ts";

/**
 * Every Redis key of the system. All keys of a shard carry its hash tag, so that one script may touch them together
 * and a Redis Cluster keeps them in one slot.
 *
 * Redis keeps the end of a key that has a TTL as a time of its wall clock. What a step of that clock does to the keys
 * that hold a time or have a TTL; all others do not depend on it:
 *
 *     clock:{…}         back: versions go on from the last one. Forward: they jump. They grow either way.
 *     bucket:…          back: a time in the future counts as now, so that the bucket refills from then on. Forward: full.
 *     lease:, mover:    back: free at once, since no lease lasts longer than its TTL; a holder that lives prolongs it.
 *                       Forward: free at once. Two drainers or moves at work on one queue are safe.
 *     answers:{…}, once: back: kept longer. Forward by a day: forgotten, so that a repeated write is applied again.
 *     erased:{…}        back: kept longer. Forward by 30 days: forgotten, so that an older row may be restored.
 */

/** The board that is meant where none is named; its keys carry no suffix. */
export const MAIN_BOARD = "main";

const onBoard = (base: string, board: string) => (board === MAIN_BOARD ? base : `${base}:${board}`);

/** zset, score → `<arrival><user_id>`: the ranking itself. */
export const boardKey = (shard: Shard, board: string) => onBoard(`leaderboard:{${shard.tag}}`, board);

/**
 * hash, user_id → record of the entry (see `records.ts`): finds a player's member in the ranking, and what boards show
 * of the player. One hash a board: a key a player would take 80 bytes more of each, and a command each where a page is
 * read.
 */
export const entriesKey = (shard: Shard, board: string) => onBoard(`entries:{${shard.tag}}`, board);

/**
 * zset, score → `<arrival><user_id>`: the players of the board who are hidden, kept out of the ranking, so that no read
 * has to look for them. Their records stay among the entries.
 */
export const hiddenKey = (shard: Shard, board: string) => onBoard(`hidden:{${shard.tag}}`, board);

/** All that an entry on a board is kept in, in the order in which scripts take it: ranking, hidden players, records. */
export const entryKeys = (shard: Shard, board: string): [ranking: string, hidden: string, entries: string] => [
  boardKey(shard, board),
  hiddenKey(shard, board),
  entriesKey(shard, board),
];

/**
 * hash, user_id → `<version> hidden|visible` (see `visibility.ts`): the last that was said of whom operators ever hid.
 * Few, and for all boards, also those that the player is on later.
 */
export const visibilityKey = (shard: Shard) => `visibility:{${shard.tag}}`;

/**
 * string, the last version given out on the shard; makes versions unique and growing. Whatever changes a ranking or its
 * records raises it, also where it needs no version: readers keep what they have read for as long as it stands still.
 * The removal at the end of a move (`removeStrangers`) need not: the split lets nobody read while it goes on, and after
 * it only those with the new number, who have read nothing before.
 */
export const clockKey = (shard: Shard) => `clock:{${shard.tag}}`;

/**
 * string, how many partitions the entries of a region are split into (`4`; `1>4 copying` while they are being moved,
 * see `split.ts`). The one with the region's own tag is what a process asks when it starts; a move writes it on every
 * shard, too, where the scripts look that read or write entries.
 */
export const splitKey = (tag: string) => `split:{${tag}}`;

/** string with a TTL, whoever moves the region's entries to another number of partitions. */
export const moverKey = (region: string) => `mover:{${region}}`;

/**
 * string, `<origin> <kept> <from> <run>` (see `fence.ts`): the run of the server on which the shard, or the accounts, may be
 * written. A key of its own, since it says something of the store and not of the entries, as the split does.
 */
export const fenceKey = (tag: string) => `fence:{${tag}}`;

/** What tells whether a store is the one that was left: the fence, and the clock beside it. */
export const fenceKeys = (tag: string): [fence: string, clock: string] => [fenceKey(tag), `clock:{${tag}}`];

/** list, score events waiting for PostgreSQL: LPUSH by the ranker, read from the right by the drainer. */
export const queueKey = (shard: Shard) => `queue:scores:{${shard.tag}}`;

/** list, events that PostgreSQL refused, with the reason. */
export const deadKey = (shard: Shard) => `queue:dead:{${shard.tag}}`;

/** string with a TTL, the drainer that works on the shard's queue. It saves double work; nothing depends on it. */
export const leaseKey = (shard: Shard) => `lease:{${shard.tag}}`;

/** What comes before a player's id in `answersKeys`. */
export const answersKeyPrefix = (shard: Shard) => `answers:{${shard.tag}}:`;

/**
 * hashes with a TTL, digest of account and idempotency key → the answer that is kept for it. By player, so that nobody
 * meets another's keys, an erasure takes them all, and their number has a bound: the newer hash becomes the older one
 * when it is full or a day old, and the older one goes.
 */
export const answersKeys = (shard: Shard, userId: string): [newer: string, older: string] => [
  answersKeyPrefix(shard) + userId,
  `${answersKeyPrefix(shard)}${userId}:old`,
];

/** What comes before a player's id in `legacyAnswerKey`. */
export const legacyAnswerKeyPrefix = (shard: Shard) => `once:{${shard.tag}}:`;

/** string with a TTL of a day, an answer that release 0.1 kept, a key each. It is read, and not written any more. */
export const legacyAnswerKey = (shard: Shard, userId: string, idempotencyKey: string) =>
  `${legacyAnswerKeyPrefix(shard)}${userId}:${idempotencyKey}`;
/**
 * string with a TTL, `<version> <account>`: a player was erased here. Nothing older than the version is put back, and
 * the account that was meant writes no more. For scripts that meet many ids, without the id.
 */
export const erasedKeyPrefix = (shard: Shard) => `erased:{${shard.tag}}:`;
export const erasedKey = (shard: Shard, userId: string) => erasedKeyPrefix(shard) + userId;

/** Accounts are no region's: one slot of their own, where a login can look without knowing the region. */
const ACCOUNTS = "{accounts}";

/** What a player's id is appended to in `accountKey`, for scripts and scans that meet many accounts. */
export const accountKeyPrefix = `account:${ACCOUNTS}:`;

/** hash, credentials and home region of a player. */
export const accountKey = (userId: string) => accountKeyPrefix + userId;

/** string with a TTL, `<version>`: an account was erased, and nothing older is put back. */
export const accountErasedKeyPrefix = `erased:${ACCOUNTS}:`;
export const accountErasedKey = (userId: string) => accountErasedKeyPrefix + userId;
export const accountClockKey = `clock:${ACCOUNTS}`;
export const accountQueueKey = `queue:accounts:${ACCOUNTS}`;
export const accountDeadKey = `queue:dead:${ACCOUNTS}`;
export const accountLeaseKey = `lease:${ACCOUNTS}`;

/** Tag of the accounts, beside those of shards. */
export const ACCOUNTS_TAG = "accounts";

/**
 * string with a TTL, token buckets. A player's and the region's share the region's tag, because one script debits both
 * or neither.
 */
export const userBucketKey = (region: string, userId: string) => `bucket:{${region}}:user:${userId}`;
export const regionBucketKey = (region: string) => `bucket:{${region}}:region`;

/** Failed logins of a player, from one network or from all of them: known or not, so that neither tells. */
export const loginBucketKey = (userId: string, network?: string) =>
  `bucket:${ACCOUNTS}:login:${userId}${network === undefined ? "" : `:${network}`}`;

/** Game servers and whoever else acts as an operator, by name. */
export const operatorBucketKey = (operator: string) => `bucket:operator:${operator}`;

/** What is counted by client network, before the caller is known. */
export type NetworkBucketKind = "address" | "registration" | "read";

/**
 * Token buckets of a client's networks, in their order. The widest network is the hash tag of all of them, since one
 * script takes from all or from none; clients still spread over a cluster.
 */
export const networkBucketKeys = (kind: NetworkBucketKind, networks: LimitedNetworks): string[] =>
  networks.map((network) => `bucket:{${networks.at(-1) ?? ""}}:${kind}:${network}`);
