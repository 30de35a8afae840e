import {
  accountClockKey,
  accountErasedKey,
  accountKey,
  accountQueueKey,
  arrivalsKey,
  boardKey,
  clockKey,
  erasedKey,
  loginBucketKey,
  onceKeyPrefix,
  profileKey,
  queueKey,
  userBucketKey,
} from "shared/keys";
import { defineScript, type Redis, toRedisProblem } from "shared/redis";
import { GLOBAL, shardsThatMayHold, type Topology } from "shared/regions";
import type { Stores } from "shared/stores";
import accountSource from "./erase-account.lua" with { type: "text" };
import entriesSource from "./erase-entries.lua" with { type: "text" };

export interface Erased {
  /** Entries that were on boards. */
  entries: number;
  /** Whether there was an account. */
  account: boolean;
}

/**
 * Erases a player everywhere. Shards come first and the account last: it names, for all of them, whose writes are over,
 * and nobody can register the id before it is gone. An erasure that broke off is completed by running it again.
 *
 * @throws Problem `unavailable`, `outcome_unknown`: run it again
 */
export type ErasePlayer = (userId: string) => Promise<Erased>;

export interface ErasePlayerOptions {
  topology: Topology;
  stores: Pick<Stores, "home" | "all" | "of">;
  /** Told when what expires by itself within a day is gone too. */
  onSwept?: ((userId: string, keys: number, error?: unknown) => void) | undefined;
}

// Longer than a queue is likely to wait for PostgreSQL, and than a token is likely to live.
const ERASED_TTL_SECONDS = 30 * 24 * 3600;
// A step of SCAN holds Redis for some 0.3 ms.
const SCAN_STEP = 1_000;

const entriesScript = defineScript({ source: entriesSource, parse: Number });
const accountScript = defineScript({ source: accountSource, parse: (reply) => reply === 1 });

export function createErasePlayer({ topology, stores, onSwept }: ErasePlayerOptions): ErasePlayer {
  async function eraseEntries(userId: string, account: string): Promise<number> {
    const counts = shardsThatMayHold(topology, GLOBAL, userId).map((shard) => {
      const keys = [queueKey(shard), clockKey(shard), profileKey(shard, userId), erasedKey(shard, userId)];
      for (const board of topology.boards) keys.push(boardKey(shard, board), arrivalsKey(shard, board));
      const eventTail = JSON.stringify({ user_id: userId, region: shard.region }).slice(1);
      return entriesScript(stores.of(shard.region), keys, [userId, eventTail, account, ERASED_TTL_SECONDS]);
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  function eraseAccount(userId: string, createdAt: string): Promise<boolean> {
    const keys = [accountQueueKey, accountClockKey, accountKey(userId), accountErasedKey(userId)];
    const eventTail = JSON.stringify({ user_id: userId }).slice(1);
    return accountScript(stores.home, keys, [eventTail, createdAt, ERASED_TTL_SECONDS]);
  }

  /** Kept answers and buckets: they end by themselves, and no key lists them. */
  async function sweep(redis: Redis, userId: string): Promise<number> {
    const prefixes = shardsThatMayHold(topology, GLOBAL, userId).map((shard) => onceKeyPrefix(shard, userId));
    prefixes.push(`${loginBucketKey(userId)}:`);
    const exact = new Set([loginBucketKey(userId), ...topology.regions.map((region) => userBucketKey(region, userId))]);
    const isMeant = (key: string) => exact.has(key) || prefixes.some((prefix) => key.startsWith(prefix));
    let swept = 0;
    let cursor = "0";
    do {
      const [next, keys] = await redis.scan(cursor, "MATCH", `*:${userId}*`, "COUNT", SCAN_STEP);
      cursor = next;
      for (const key of keys.filter(isMeant)) swept += await redis.unlink(key);
    } while (cursor !== "0");
    return swept;
  }

  async function sweepAll(userId: string): Promise<void> {
    try {
      const counts = await Promise.all(stores.all.map((redis) => sweep(redis, userId)));
      onSwept?.(
        userId,
        counts.reduce((sum, count) => sum + count, 0),
      );
    } catch (error) {
      onSwept?.(userId, 0, error);
    }
  }

  return async (userId) => {
    try {
      const createdAt = (await stores.home.hget(accountKey(userId), "created_at")) ?? "";
      const entries = await eraseEntries(userId, createdAt);
      const account = await eraseAccount(userId, createdAt);
      void sweepAll(userId); // takes as long as Redis is large; the answer need not wait for it
      return { entries, account };
    } catch (error) {
      throw toRedisProblem(error, "write");
    }
  };
}
