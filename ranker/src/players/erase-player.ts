import { playerTail } from "shared/model/events";
import type { Topology } from "shared/model/regions";
import {
  ACCOUNTS_TAG,
  accountKeys,
  answersKeys,
  entryKeys,
  erasedKey,
  nameBucketKey,
  shardKeys,
  userBucketKey,
} from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import type { Confirm } from "shared/redis/replica-wait";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { entryErasedPart, isOpenPart, membersPart, versionsPart } from "shared/redis/scripts/parts";
import type { Stores } from "shared/stores/stores";
import { accountsAway, readAccount } from "../accounts/read-account.ts";
import { entriesAway } from "../boards/shard-entry.ts";
import type { FenceWatch } from "../writes/fence-watch.ts";
import accountSource from "./erase-account.lua" with { type: "text" };
import entriesSource from "./erase-entries.lua" with { type: "text" };
import { type BoardPage, CLOSED, onEveryBoard, toPartialProblem } from "./on-every-board.ts";

export interface Erased {
  /** Entries that there were, on all boards. */
  entries: number;
  /** Whether there was an account. */
  account: boolean;
}

/**
 * Erases a player on all shards, and then the account: it tells every shard whose writes are over,
 * and while it exists no other player can register the id. An erasure that broke off is completed
 * by running it again.
 *
 * @throws Problem `unavailable`: nothing was changed; `outcome_unknown`: the player may be erased
 *   in part
 */
export type ErasePlayer = (userId: string) => Promise<Erased>;

export interface ErasePlayerOptions {
  topology: Topology;
  /** Redis for writes. */
  stores: Pick<Stores, "home" | "of">;
  fences: FenceWatch;
  /** Confirms erasures by a replica. */
  confirm?: Confirm | undefined;
}

// Longer than a queue is likely to wait for PostgreSQL, and than a token is likely to live.
export const ERASED_TTL_SECONDS = 30 * 24 * 3600;

const IN_PART = "The player is erased in part: a store does not answer. Erase again.";

const entriesLayout = defineLayout({
  keys: ["queue", "clock", "split", "erased", "visibility", "fence", "newer", "older"],
  args: {
    userId: "text",
    eventTail: "text",
    account: "text",
    ttl: "number",
    partitions: "text",
    isFirst: "flag",
  },
});
const entriesScript = defineScript({
  name: "erase-entries",
  source: entriesSource,
  parts: [isOpenPart, entryErasedPart, versionsPart, membersPart],
  layout: entriesLayout,
  isFenced: true,
  failsAs: "write",
  parse: Number,
  isRefusal: (taken) => taken < 0,
});
const accountLayout = defineLayout({
  keys: ["queue", "clock", "account", "homes", "erased", "fence", "bucket", "device"],
  args: { userId: "text", eventTail: "text", createdAt: "text", ttl: "number" },
});
const accountScript = defineScript({
  name: "erase-account",
  source: accountSource,
  parts: [isOpenPart, versionsPart],
  layout: accountLayout,
  isFenced: true,
  failsAs: "write",
  parse: Number,
  isRefusal: (outcome) => outcome < 0,
});

export function createErasePlayer(options: ErasePlayerOptions): ErasePlayer {
  const { topology, stores, fences, confirm } = options;

  async function eraseOn({ shard, redis, boards, isFirst }: BoardPage, userId: string, account: string) {
    const [newer, older] = answersKeys(shard, userId);
    const keys = entriesLayout.toKeys({ ...shardKeys(shard), erased: erasedKey(shard, userId), newer, older });
    keys.push(...boards.flatMap((board) => entryKeys(shard, board)));
    const eventTail = playerTail({ user_id: userId, region: shard.region });
    const { partitions } = topology;
    const args = entriesLayout.toArgs({ userId, eventTail, account, ttl: ERASED_TTL_SECONDS, partitions, isFirst });
    const taken = await entriesScript(redis, keys, args, confirm);
    if (taken === CLOSED) fences.onClosed(redis, shard.tag);
    if (taken < 0) throw entriesAway(shard.region);
    return taken;
  }

  async function eraseAccount(userId: string, createdAt: string, deviceHash?: string): Promise<boolean> {
    const keys = accountLayout.toKeys(accountKeys(userId, deviceHash));
    const eventTail = playerTail({ user_id: userId });
    const args = accountLayout.toArgs({ userId, eventTail, createdAt, ttl: ERASED_TTL_SECONDS });
    try {
      const outcome = await accountScript(stores.home, keys, args, confirm);
      if (outcome !== CLOSED) return outcome === 1;
      fences.onClosed(stores.home, ACCOUNTS_TAG);
      throw accountsAway();
    } catch (error) {
      throw toPartialProblem(error, IN_PART);
    }
  }

  /** Deletes rate limits, which expire by themselves: a later owner of the id should not wait. */
  function forgetLimits(userId: string): void {
    const forget = (redis: () => Redis, key: string) => {
      const forgotten = async () => redis().unlink(key);
      void forgotten().catch(() => {}); // the erasure stands without it
    };
    for (const region of topology.regions) forget(() => stores.of(region), userBucketKey(region, userId));
    forget(() => stores.home, nameBucketKey(userId));
  }

  return async (userId) => {
    const { created_at: createdAt = "", device_hash: deviceHash } = await readAccount(stores.home, userId);
    const entries = await onEveryBoard(options, {
      userId,
      inPart: IN_PART,
      onPage: (page) => eraseOn(page, userId, createdAt),
    });
    const account = await eraseAccount(userId, createdAt, deviceHash);
    forgetLimits(userId);
    return { entries, account };
  };
}
