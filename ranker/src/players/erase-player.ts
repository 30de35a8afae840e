import { playerTail } from "shared/model/events";
import type { Shard, Topology } from "shared/model/regions";
import {
  ACCOUNTS_TAG,
  accountClockKey,
  accountErasedKey,
  accountKey,
  accountQueueKey,
  answersKeys,
  clockKey,
  entryKeys,
  erasedKey,
  fenceKey,
  loginBucketKey,
  queueKey,
  splitKey,
  userBucketKey,
  visibilityKey,
} from "shared/redis/keys";
import { defineScript } from "shared/redis/redis";
import type { Confirm } from "shared/redis/replica-wait";
import type { Stores } from "shared/stores/stores";
import { accountsAway, readAccount } from "../accounts/read-account.ts";
import { entriesAway } from "../boards/window.ts";
import { withParts } from "../scripts/script-parts.ts";
import type { FenceWatch } from "../writes/fence-watch.ts";
import accountSource from "./erase-account.lua" with { type: "text" };
import entriesSource from "./erase-entries.lua" with { type: "text" };
import { CLOSED, onEveryShard, toPartialProblem } from "./on-every-shard.ts";

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
  stores: Pick<Stores, "home" | "of">;
  fences: FenceWatch;
  /** What an erasure waits for; nothing unless it is given. */
  confirm?: Confirm | undefined;
}

// Longer than a queue is likely to wait for PostgreSQL, and than a token is likely to live.
const ERASED_TTL_SECONDS = 30 * 24 * 3600;

const IN_PART = "The player is erased in part: a store does not answer. Erase again.";

const entriesScript = defineScript({
  name: "erase-entries",
  source: withParts(entriesSource, "is-open"),
  isFenced: true,
  parse: Number,
  isRefusal: (taken) => taken < 0,
});
const accountScript = defineScript({
  name: "erase-account",
  source: withParts(accountSource, "is-open"),
  isFenced: true,
  parse: Number,
  isRefusal: (outcome) => outcome < 0,
});

export function createErasePlayer(options: ErasePlayerOptions): ErasePlayer {
  const { topology, stores, fences, confirm } = options;

  async function eraseOn(shard: Shard, userId: string, account: string): Promise<number> {
    const keys = [queueKey(shard), clockKey(shard), splitKey(shard.tag), erasedKey(shard, userId)];
    keys.push(visibilityKey(shard), fenceKey(shard.tag), ...answersKeys(shard, userId));
    keys.push(...topology.boards.flatMap((board) => entryKeys(shard, board)));
    const eventTail = playerTail({ user_id: userId, region: shard.region });
    const args = [userId, eventTail, account, ERASED_TTL_SECONDS, topology.partitions];
    const redis = stores.of(shard.region);
    const taken = await entriesScript(redis, keys, args, confirm);
    if (taken === CLOSED) fences.onClosed(redis, shard.tag);
    if (taken < 0) throw entriesAway(shard.region);
    return taken;
  }

  async function eraseAccount(userId: string, createdAt: string): Promise<boolean> {
    const keys = [accountQueueKey, accountClockKey, accountKey(userId), accountErasedKey(userId)];
    keys.push(fenceKey(ACCOUNTS_TAG), loginBucketKey(userId));
    const eventTail = playerTail({ user_id: userId });
    try {
      const outcome = await accountScript(stores.home, keys, [eventTail, createdAt, ERASED_TTL_SECONDS], confirm);
      if (outcome !== CLOSED) return outcome === 1;
      fences.onClosed(stores.home, ACCOUNTS_TAG);
      throw accountsAway();
    } catch (error) {
      throw toPartialProblem(error, true, IN_PART);
    }
  }

  /** The buckets of rate limits expire soon by themselves; a later owner of the id should not wait for that. */
  function forgetLimits(userId: string): void {
    for (const region of topology.regions) {
      const forget = async () => stores.of(region).unlink(userBucketKey(region, userId));
      void forget().catch(() => {}); // the erasure stands, whatever has become of a store since
    }
  }

  return async (userId) => {
    const { created_at: createdAt = "" } = await readAccount(stores.home, userId);
    const entries = await onEveryShard(topology, userId, IN_PART, (shard) => eraseOn(shard, userId, createdAt));
    const account = await eraseAccount(userId, createdAt);
    forgetLimits(userId);
    return { entries, account };
  };
}
