import type { Identity } from "shared/auth/tokens";
import { playerTail } from "shared/model/events";
import type { Shard, Topology } from "shared/model/regions";
import { toState } from "shared/model/visibility";
import { clockKey, entryKeys, erasedKey, fenceKey, queueKey, splitKey, visibilityKey } from "shared/redis/keys";
import { defineScript } from "shared/redis/redis";
import type { Confirm } from "shared/redis/replica-wait";
import type { Stores } from "shared/stores/stores";
import { entriesAway } from "../boards/window.ts";
import { withParts } from "../scripts/script-parts.ts";
import type { FenceWatch } from "../writes/fence-watch.ts";
import { CLOSED, onEveryShard } from "./on-every-shard.ts";
import { unknownPlayer } from "./players.ts";
import source from "./set-visibility.lua" with { type: "text" };

/**
 * Hides a player from all boards, or shows the player again, in every region. Written also where nothing is to be changed:
 * Redis may have been emptied, and what PostgreSQL still says would come back with a restore.
 *
 * @returns the boards on which the player has a score
 * @throws Problem `not_found` for an account that was erased meanwhile; `unavailable`: nothing was changed;
 *   `outcome_unknown`: it may stand, everywhere or in part
 */
export type SetVisibility = (player: Identity, isHidden: boolean) => Promise<number>;

export interface SetVisibilityOptions {
  topology: Topology;
  /** Where players are written. */
  stores: Pick<Stores, "of">;
  fences: FenceWatch;
  /** What a change waits for; nothing unless it is given. */
  confirm?: Confirm | undefined;
}

const MOVED = -1;

const script = defineScript({
  name: "set-visibility",
  source: withParts(source, "is-open"),
  isFenced: true,
  parse: Number,
  isRefusal: (boards) => boards < 0,
});

export function createSetVisibility({ topology, stores, fences, confirm }: SetVisibilityOptions): SetVisibility {
  async function setOn(shard: Shard, { userId, account = "" }: Identity, isHidden: boolean): Promise<number> {
    const keys = [queueKey(shard), clockKey(shard), splitKey(shard.tag), erasedKey(shard, userId)];
    keys.push(visibilityKey(shard), fenceKey(shard.tag));
    keys.push(...topology.boards.flatMap((board) => entryKeys(shard, board)));
    const eventTail = playerTail({ user_id: userId, region: shard.region });
    const args = [userId, toState(isHidden), eventTail, account, topology.partitions];
    const redis = stores.of(shard.region);
    const boards = await script(redis, keys, args, confirm);
    if (boards === CLOSED) fences.onClosed(redis, shard.tag);
    if (boards === MOVED || boards === CLOSED) throw entriesAway(shard.region);
    if (boards < 0) throw unknownPlayer(userId);
    return boards;
  }

  return (player, isHidden) => {
    const inPart = `The player is ${isHidden ? "hidden" : "shown"} in part: a store does not answer. Repeat it.`;
    return onEveryShard(topology, player.userId, inPart, (shard) => setOn(shard, player, isHidden));
  };
}
