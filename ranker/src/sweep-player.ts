import { erasedKey, loginBucketKey, onceKey, userBucketKey } from "shared/keys";
import { primariesOf, type Redis } from "shared/redis";
import { GLOBAL, type Shard, shardsThatMayHold, type Topology } from "shared/regions";
import type { Stores } from "shared/stores";

/** Told when what expires of a player by itself, within a day, is gone; with the error where it is left to expire. */
export type OnSwept = (userId: string, keys: number, error?: unknown) => void;

export interface SweepPlayerOptions {
  topology: Topology;
  stores: Pick<Stores, "all">;
  onSwept?: OnSwept | undefined;
}

// A step of SCAN holds Redis for some 0.3 ms.
const SCAN_STEP = 1_000;
// Whoever is erased behind so many others is left to expire: each sweep walks through all that Redis holds.
const WAITING_MAX = 1_000;
// The version in the answer that was kept for a write that stands.
const KEPT_VERSION = /^\S+ ok \S+ (\d+) /;

/**
 * Deletes an erased player's kept answers and buckets in the background, one player after another: no key lists them, so
 * that all keys have to be looked at. Answers to whoever has registered the id since stay.
 */
export function createSweepPlayer({ topology, stores, onSwept }: SweepPlayerOptions): (userId: string) => void {
  let waiting = 0;
  let last = Promise.resolve();

  /** Which of these keys are the player's, and older than the erasure where it matters. */
  function createIsMeant(redis: Redis, userId: string): (key: string) => Promise<boolean> {
    const buckets = new Set([
      loginBucketKey(userId),
      ...topology.regions.map((region) => userBucketKey(region, userId)),
    ]);
    const ofNetworks = loginBucketKey(userId, "");
    const answers = shardsThatMayHold(topology, GLOBAL, userId).map((shard) => ({
      ...{ shard, prefix: onceKey(shard, userId, "") },
    }));
    return async (key) => {
      if (buckets.has(key) || key.startsWith(ofNetworks)) return true;
      const kept = answers.find(({ prefix }) => key.startsWith(prefix));
      return kept !== undefined && (await isOld(redis, kept.shard, userId, key));
    };
  }

  async function sweepStore(redis: Redis, userId: string): Promise<number> {
    const isMeant = createIsMeant(redis, userId);
    let swept = 0;
    for (const server of primariesOf(redis)) {
      let cursor = "0";
      do {
        const [next, keys] = await server.scan(cursor, "MATCH", `*:${userId}*`, "COUNT", SCAN_STEP);
        cursor = next;
        for (const key of keys) if (await isMeant(key)) swept += await redis.unlink(key);
      } while (cursor !== "0");
    }
    return swept;
  }

  async function sweepAll(userId: string): Promise<void> {
    try {
      let swept = 0;
      for (const redis of stores.all) swept += await sweepStore(redis, userId);
      onSwept?.(userId, swept);
    } catch (error) {
      onSwept?.(userId, 0, error);
    } finally {
      waiting--;
    }
  }

  return (userId) => {
    if (waiting >= WAITING_MAX) {
      onSwept?.(userId, 0, new Error(`${WAITING_MAX} others are before it`));
      return;
    }
    waiting++;
    last = last.then(() => sweepAll(userId));
  };
}

async function isOld(redis: Redis, shard: Shard, userId: string, key: string): Promise<boolean> {
  const [answer, erasure] = await Promise.all([redis.get(key), redis.get(erasedKey(shard, userId))]);
  const version = KEPT_VERSION.exec(answer ?? "")?.[1] ?? "0";
  return Number(version) <= Number.parseInt(erasure ?? "0", 10);
}
