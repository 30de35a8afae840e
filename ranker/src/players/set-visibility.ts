import type { Identity } from "shared/auth/tokens";
import { playerTail } from "shared/model/events";
import type { Topology } from "shared/model/regions";
import { toState } from "shared/model/visibility";
import { entryKeys, erasedKey, shardKeys } from "shared/redis/keys";
import type { Confirm } from "shared/redis/replica-wait";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import {
  accountErasedPart,
  givenNamePart,
  isHiddenPart,
  isOpenPart,
  moveMembersPart,
  versionsPart,
} from "shared/redis/scripts/parts";
import type { Stores } from "shared/stores/stores";
import { entriesAway } from "../boards/shard-entry.ts";
import type { FenceWatch } from "../writes/fence-watch.ts";
import { type BoardPage, CLOSED, MOVED, onEveryBoard } from "./on-every-board.ts";
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

const layout = defineLayout({
  keys: ["queue", "clock", "split", "erased", "visibility", "fence"],
  args: {
    userId: "text",
    state: "text",
    eventTail: "text",
    account: "text",
    partitions: "text",
    isFirst: "flag",
  },
});
const script = defineScript({
  name: "set-visibility",
  source,
  parts: [isOpenPart, accountErasedPart, versionsPart, isHiddenPart, givenNamePart, moveMembersPart],
  layout,
  isFenced: true,
  failsAs: "write",
  parse: Number,
  isRefusal: (boards) => boards < 0,
});

export function createSetVisibility(options: SetVisibilityOptions): SetVisibility {
  const { topology, fences, confirm } = options;

  async function setOn({ shard, redis, boards, isFirst }: BoardPage, player: Identity, state: string) {
    const { userId, account = "" } = player;
    const keys = layout.toKeys({ ...shardKeys(shard), erased: erasedKey(shard, userId) });
    keys.push(...boards.flatMap((board) => entryKeys(shard, board)));
    const args = layout.toArgs({
      userId,
      state,
      eventTail: playerTail({ user_id: userId, region: shard.region }),
      account,
      partitions: topology.partitions,
      isFirst,
    });
    const found = await script(redis, keys, args, confirm);
    if (found === CLOSED) fences.onClosed(redis, shard.tag);
    if (found === MOVED || found === CLOSED) throw entriesAway(shard.region);
    if (found < 0) throw unknownPlayer(userId);
    return found;
  }

  return (player, { hidden }) => {
    const inPart = `The player is ${hidden ? "hidden" : "shown"} in part: a store does not answer. Repeat it.`;
    const state = toState(hidden);
    return onEveryBoard(options, { userId: player.userId, inPart, onPage: (page) => setOn(page, player, state) });
  };
}
