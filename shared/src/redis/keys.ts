import type { LimitedNetworks } from "../limits/limited-network.ts";
import type { Shard } from "../model/regions.ts";
import type { SettingKind } from "../model/settings.ts";

/**
 * Every Redis key of the system. All keys of a shard carry its hash tag, so that one script may
 * touch them together and a Redis Cluster keeps them in one slot.
 *
 * Redis keeps a TTL as a time of its wall clock. A step of that clock, back or forward, has these
 * effects on keys that hold a time or have a TTL:
 *
 *     clock:{…}       back: versions go on from the last one. Forward: they jump, and still grow.
 *     bucket:…        back: a time in the future counts as now. Forward: full.
 *     lease:, mover:  both: free at once, since no lease lasts longer than its TTL, until the
 *                     holder renews it. Two drainers or moves on one queue are safe.
 *     answers:, once: back: kept longer. Forward by a day: forgotten; a repeat is applied again.
 *     erased:{…}      back: kept longer. Forward by 30 days: forgotten; an older row may return.
 */

/** The default board. Its keys carry no suffix. */
export const MAIN_BOARD = "main";

/**
 * `board` is the name of a ranking: a board with seasons has one for each, `weekly@3`, see
 * `ranking-name.ts`.
 */
const onBoard = (base: string, board: string) => (board === MAIN_BOARD ? base : `${base}:${board}`);

/** zset, ranked score → `<place><user_id>`: the ranking itself (see `records.ts`). */
export const boardKey = (shard: Shard, board: string) => onBoard(`leaderboard:{${shard.tag}}`, board);

/**
 * hash, user_id → record of the entry (see `records.ts`): names a player's member in the ranking,
 * and what boards show of the player. One hash for each board: a key for each player would take 80
 * bytes more, and a command for each entry of a page.
 */
export const entriesKey = (shard: Shard, board: string) => onBoard(`entries:{${shard.tag}}`, board);

/**
 * zset, ranked score → `<place><user_id>`: the hidden players of the board, outside of the ranking,
 * so that no read has to filter them. Their records stay among the entries.
 */
export const hiddenKey = (shard: Shard, board: string) => onBoard(`hidden:{${shard.tag}}`, board);

/**
 * hash, user_id → `<attempts> <metadata>`, of entries that have either. Beside the records, so that
 * pages that do not show metadata do not read it.
 */
export const detailsKey = (shard: Shard, board: string) => onBoard(`details:{${shard.tag}}`, board);

/** The keys that hold an entry of a board, in the order in which scripts take them. */
export const entryKeys = (shard: Shard, board: string): string[] => [
  boardKey(shard, board),
  hiddenKey(shard, board),
  entriesKey(shard, board),
  detailsKey(shard, board),
];

/**
 * hash, user_id → `<version> hidden|visible <name>` (see `visibility.ts`): the last state of every
 * player whom operators ever hid or renamed, and the name that they gave. It holds for all boards,
 * also those that the player enters later.
 */
export const visibilityKey = (shard: Shard) => `visibility:{${shard.tag}}`;

/**
 * string, the last version given out on the shard; makes versions unique and growing. Every change
 * of a ranking or its records raises it, also one that needs no version: rankers cache a top until
 * it changes. The removal at the end of a move (`removeStrangers`) need not: the split forbids
 * reads until then, and the rankers that read later have the new number of partitions, and nothing
 * cached.
 */
export const clockKey = (shard: Shard) => `clock:{${shard.tag}}`;

/**
 * string, how many partitions the entries of a region are split into (`4`; `1>4 copying` during a
 * move, see `split.ts`). A process reads the key with the region's own tag when it starts. A move
 * writes one on every shard as well, for the scripts that read or write entries there.
 */
export const splitKey = (tag: string) => `split:{${tag}}`;

/**
 * hash, board → `<revision> <state>`, and on a board with seasons behind it `<season> <oldest>
 * <starts> <ends> <following ends…>`: the boards that the shard knows. A ranker writes a board
 * there before its first write on the shard, and only a higher revision replaces another.
 */
export const boardsKey = (shard: Shard) => `boards:{${shard.tag}}`;

/** string with a TTL, the process that moves the region's entries to other partitions. */
export const moverKey = (region: string) => `mover:{${region}}`;

/**
 * string, `<origin> <kept> <from> <run>` (see `fence.ts`): the run of the server on which the
 * shard, or the accounts, may be written.
 */
export const fenceKey = (tag: string) => `fence:{${tag}}`;

/** What identifies the state of a store: the fence, and the clock beside it. */
export const fenceKeys = (tag: string): [fence: string, clock: string] => [fenceKey(tag), `clock:{${tag}}`];

/** list, score events for PostgreSQL: LPUSH by the ranker, read from the right by the drainer. */
export const queueKey = (shard: Shard) => `queue:scores:{${shard.tag}}`;

/** The keys of a shard by the names that scripts have for them. */
export const shardKeys = (shard: Shard) => ({
  queue: queueKey(shard),
  clock: clockKey(shard),
  split: splitKey(shard.tag),
  visibility: visibilityKey(shard),
  fence: fenceKey(shard.tag),
  boards: boardsKey(shard),
});

/** The same with those of one of its boards. */
export const boardKeys = (shard: Shard, board: string) => ({
  ...shardKeys(shard),
  board: boardKey(shard, board),
  hidden: hiddenKey(shard, board),
  entries: entriesKey(shard, board),
  details: detailsKey(shard, board),
});

/** list, events that PostgreSQL refused, with the reason. */
export const deadKey = (shard: Shard) => `queue:dead:{${shard.tag}}`;

/** string with a TTL, the drainer that works on the shard's queue. It only saves double work. */
export const leaseKey = (shard: Shard) => `lease:{${shard.tag}}`;

/** `answersKeys` without the player's id. */
export const answersKeyPrefix = (shard: Shard) => `answers:{${shard.tag}}:`;

/**
 * hashes with a TTL, digest of account and idempotency key → the answer kept for it. Each player
 * has two: no player meets another's keys, an erasure deletes both, and their size is bounded. When
 * the newer one is full or a day old it replaces the older one.
 */
export const answersKeys = (shard: Shard, userId: string): [newer: string, older: string] => [
  answersKeyPrefix(shard) + userId,
  `${answersKeyPrefix(shard)}${userId}:old`,
];

/** `legacyAnswerKey` without the player's id and the key. */
export const legacyAnswerKeyPrefix = (shard: Shard) => `once:{${shard.tag}}:`;

/** string with a TTL of a day, an answer that release 0.1 kept. Read, and written no more. */
export const legacyAnswerKey = (shard: Shard, userId: string, idempotencyKey: string) =>
  `${legacyAnswerKeyPrefix(shard)}${userId}:${idempotencyKey}`;

/** `erasedKey` without the player's id. */
export const erasedKeyPrefix = (shard: Shard) => `erased:{${shard.tag}}:`;

/**
 * string with a TTL, `<version> <account>`: a player was erased here. Nothing older than the
 * version is restored, and the erased account writes no more.
 */
export const erasedKey = (shard: Shard, userId: string) => erasedKeyPrefix(shard) + userId;

/**
 * Names one entry where an erasure names a player; no id has a slash. The key of the erasure and
 * its scope in PostgreSQL have it, see `entryScope`.
 */
export const nameEntry = (ranking: string, userId: string) => `${ranking}/${userId}`;

/**
 * string with a TTL, `<version> `: one entry of a player was removed. Nothing of the entry that is
 * as old is restored.
 */
export const removedKey = (shard: Shard, ranking: string, userId: string) =>
  erasedKey(shard, nameEntry(ranking, userId));

/** Accounts have one slot of their own: a login does not know the player's region. */
const ACCOUNTS = "{accounts}";

/** `accountKey` without the player's id. */
export const accountKeyPrefix = `account:${ACCOUNTS}:`;

/** hash, credentials and home region of a player. */
export const accountKey = (userId: string) => accountKeyPrefix + userId;

/** `deviceKey` without the hash. */
export const deviceKeyPrefix = `device:${ACCOUNTS}:`;

/**
 * string, the `user_id` of the guest whose account has this `device_hash`. It counts for nothing
 * where no such account has the hash.
 */
export const deviceKey = (hash: string) => deviceKeyPrefix + hash;

/**
 * hash, user_id → home region, of players without an account: the region of the first entry. An
 * index of the shards: where a player is missing in it, the player's entries tell the home.
 */
export const homesKey = `homes:${ACCOUNTS}`;

/** `accountErasedKey` without the player's id. */
export const accountErasedKeyPrefix = `erased:${ACCOUNTS}:`;

/** string with a TTL, `<version>`: an account was erased, and nothing older is restored. */
export const accountErasedKey = (userId: string) => accountErasedKeyPrefix + userId;
export const accountClockKey = `clock:${ACCOUNTS}`;
export const accountQueueKey = `queue:accounts:${ACCOUNTS}`;
export const accountDeadKey = `queue:dead:${ACCOUNTS}`;
export const accountLeaseKey = `lease:${ACCOUNTS}`;

/**
 * hash, id → `<version> <JSON>`: what operators set, see `settings.ts`. One that was deleted stays
 * as null, so that an older event does not bring it back.
 */
export const settingsKey = (kind: SettingKind) => `${kind}:${ACCOUNTS}`;

/** zset of the ids of the settings that are there, all with score 0. */
export const settingIdsKey = (kind: SettingKind) => `${kind}:ids:${ACCOUNTS}`;

/** The tag of the accounts' keys, as shards have theirs. */
export const ACCOUNTS_TAG = "accounts";

/**
 * string with a TTL, token buckets. A player's and the region's share the region's tag: one script
 * debits both or neither.
 */
export const userBucketKey = (region: string, userId: string) => `bucket:{${region}}:user:${userId}`;
export const regionBucketKey = (region: string) => `bucket:{${region}}:region`;

/** Failed logins of a `user_id`, existing or not, from one network or from all of them. */
export const loginBucketKey = (userId: string, network?: string) =>
  `bucket:${ACCOUNTS}:login:${userId}${network === undefined ? "" : `:${network}`}`;

/** Names that a player takes. */
export const nameBucketKey = (userId: string) => `bucket:${ACCOUNTS}:name:${userId}`;

/** Requests of an operator, such as a game server, by name. */
export const operatorBucketKey = (operator: string) => `bucket:operator:${operator}`;

/** What limits count by client network, before the caller is known. */
export type NetworkBucketKind = "address" | "registration" | "read";

/**
 * Token buckets of a client's networks, in their order. All carry the widest network as their hash
 * tag, since one script takes from all or from none; clients still spread over a cluster.
 */
export const networkBucketKeys = (kind: NetworkBucketKind, networks: LimitedNetworks): string[] =>
  networks.map((network) => `bucket:{${networks.at(-1) ?? ""}}:${kind}:${network}`);

/** The keys of a kind of settings by the names that scripts have for them. */
export const settingKeys = (kind: SettingKind) => ({
  queue: accountQueueKey,
  clock: accountClockKey,
  settings: settingsKey(kind),
  ids: settingIdsKey(kind),
  fence: fenceKey(ACCOUNTS_TAG),
});

/**
 * The keys of a player's account by the names that scripts have for them.
 *
 * @param deviceHash empty for a player without one
 */
export const accountKeys = (userId: string, deviceHash = "") => ({
  queue: accountQueueKey,
  clock: accountClockKey,
  account: accountKey(userId),
  homes: homesKey,
  erased: accountErasedKey(userId),
  fence: fenceKey(ACCOUNTS_TAG),
  bucket: loginBucketKey(userId),
  device: deviceKey(deviceHash),
});
