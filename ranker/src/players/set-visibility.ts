import type { Identity } from "shared/auth/tokens";
import { playerTail } from "shared/model/events";
import type { Shard, Topology } from "shared/model/regions";
import { toState } from "shared/model/visibility";
import { entryKeys, erasedKey, shardKeys } from "shared/redis/keys";
import type { Confirm } from "shared/redis/replica-wait";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import {
  accountErasedPart,
  givenNamePart,
  isOpenPart,
  moveMembersPart,
  versionsPart,
} from "shared/redis/scripts/parts";
import type { Stores } from "shared/stores/stores";
import { entriesAway } from "../boards/shard-entry.ts";
import type { FenceWatch } from "../writes/fence-watch.ts";
import { CLOSED, onEveryShard } from "./on-every-shard.ts";
import { unknownPlayer } from "./players.ts";
import source from "./set-visibility.lua" with { type: "text" };

/**
 * Hides a player from all boards, or shows the player again, in every region. The change is written
 * also where Redis already agrees: PostgreSQL may not, and a restore would bring its state back.
 *
 * @returns the boards on which the player has a score
 * @throws Problem `not_found` for an account that was erased meanwhile; `unavailable`: nothing was
 *   changed; `outcome_unknown`: it may stand, everywhere or in part
 */
export type SetVisibility = (player: Identity, change: { hidden: boolean }) => Promise<number>;

export interface SetVisibilityOptions {
  topology: Topology;
  /** Redis for writes. */
  stores: Pick<Stores, "of">;
  fences: FenceWatch;
  /** Waits until a replica has the change. Set for `DURABILITY=replicated`. */
  confirm?: Confirm | undefined;
}

const MOVED = -1;

const layout = defineLayout({
  keys: ["queue", "clock", "split", "erased", "visibility", "fence"],
  args: { userId: "text", state: "text", eventTail: "text", account: "text", partitions: "text" },
});
const script = defineScript({
  name: "set-visibility",
  source,
  parts: [isOpenPart, accountErasedPart, versionsPart, givenNamePart, moveMembersPart],
  layout,
  isFenced: true,
  failsAs: "write",
  parse: Number,
  isRefusal: (boards) => boards < 0,
});

export function createSetVisibility({ topology, stores, fences, confirm }: SetVisibilityOptions): SetVisibility {
  async function setOn(shard: Shard, { userId, account = "" }: Identity, state: string): Promise<number> {
    const keys = layout.toKeys({ ...shardKeys(shard), erased: erasedKey(shard, userId) });
    keys.push(...topology.configuredBoards.flatMap((board) => entryKeys(shard, board)));
    const args = layout.toArgs({
      userId,
      state,
      eventTail: playerTail({ user_id: userId, region: shard.region }),
      account,
      partitions: topology.partitions,
    });
    const redis = stores.of(shard.region);
    const boards = await script(redis, keys, args, confirm);
    if (boards === CLOSED) fences.onClosed(redis, shard.tag);
    if (boards === MOVED || boards === CLOSED) throw entriesAway(shard.region);
    if (boards < 0) throw unknownPlayer(userId);
    return boards;
  }

  return (player, { hidden }) => {
    const inPart = `The player is ${hidden ? "hidden" : "shown"} in part: a store does not answer. Repeat it.`;
    return onEveryShard(topology, player.userId, inPart, (shard) => setOn(shard, player, toState(hidden)));
  };
}
