import {
  accountClockKey,
  accountErasedKey,
  accountKey,
  accountQueueKey,
  clockKey,
  entryKeys,
  erasedKey,
  queueKey,
  splitKey,
  visibilityKey,
} from "shared/keys";
import { defineScript, toRedisProblem } from "shared/redis";
import type { Shard, Topology } from "shared/regions";
import type { Confirm } from "shared/replica-wait";
import type { Stores } from "shared/stores";
import accountSource from "./erase-account.lua" with { type: "text" };
import entriesSource from "./erase-entries.lua" with { type: "text" };
import { onEveryShard, toPartialProblem } from "./on-every-shard.ts";
import { createSweepPlayer, type OnSwept } from "./sweep-player.ts";
import { entriesMoved } from "./window.ts";

export interface Erased {
  /** Entries that there were, on all boards. */
  entries: number;
  /** Whether there was an account. */
  account: boolean;
}

/**
 * Erases a player everywhere. Shards come first and the account last: it names, for all of them, whose writes are over,
 * and nobody can register the id before it is gone. An erasure that broke off is completed by running it again.
 *
 * @throws Problem `unavailable`: nothing was changed; `outcome_unknown`: the player may be erased in part
 */
export type ErasePlayer = (userId: string) => Promise<Erased>;

export interface ErasePlayerOptions {
  topology: Topology;
  /** Where players are written. */
  stores: Pick<Stores, "home" | "all" | "of">;
  /** What an erasure waits for; nothing unless it is given. */
  confirm?: Confirm | undefined;
  onSwept?: OnSwept | undefined;
}

// Longer than a queue is likely to wait for PostgreSQL, and than a token is likely to live.
const ERASED_TTL_SECONDS = 30 * 24 * 3600;

const IN_PART = "The player is erased in part: a store does not answer. Erase again.";

const entriesScript = defineScript({
  name: "erase-entries",
  source: entriesSource,
  parse: Number,
  isRefusal: (taken) => taken < 0,
});
const accountScript = defineScript({
  name: "erase-account",
  source: accountSource,
  parse: (reply) => reply === 1,
});

export function createErasePlayer(options: ErasePlayerOptions): ErasePlayer {
  const { topology, stores, confirm, onSwept } = options;
  const sweep = createSweepPlayer({ topology, stores, onSwept });

  async function eraseOn(shard: Shard, userId: string, account: string): Promise<number> {
    const keys = [queueKey(shard), clockKey(shard), splitKey(shard.tag), erasedKey(shard, userId)];
    keys.push(visibilityKey(shard), ...topology.boards.flatMap((board) => entryKeys(shard, board)));
    const eventTail = JSON.stringify({ user_id: userId, region: shard.region }).slice(1);
    const args = [userId, eventTail, account, ERASED_TTL_SECONDS, topology.partitions];
    const taken = await entriesScript(stores.of(shard.region), keys, args, confirm);
    if (taken < 0) throw entriesMoved(shard.region);
    return taken;
  }

  async function eraseAccount(userId: string, createdAt: string): Promise<boolean> {
    const keys = [accountQueueKey, accountClockKey, accountKey(userId), accountErasedKey(userId)];
    const eventTail = JSON.stringify({ user_id: userId }).slice(1);
    try {
      return await accountScript(stores.home, keys, [eventTail, createdAt, ERASED_TTL_SECONDS], confirm);
    } catch (error) {
      throw toPartialProblem(error, true, IN_PART);
    }
  }

  return async (userId) => {
    const found = await stores.home.hget(accountKey(userId), "created_at").catch((error: unknown) => {
      throw toRedisProblem(error, "read");
    });
    const createdAt = found ?? "";
    const entries = await onEveryShard(topology, userId, IN_PART, (shard) => eraseOn(shard, userId, createdAt));
    const account = await eraseAccount(userId, createdAt);
    sweep(userId); // takes as long as Redis is large; the answer need not wait for it
    return { entries, account };
  };
}
