import { Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import { playerTail, scoreTail } from "shared/model/events";
import { entryKeys, erasedKey, shardKeys } from "shared/redis/keys";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import {
  accountErasedPart,
  entryErasedPart,
  entryTextsPart,
  givenNamePart,
  isHiddenPart,
  isOpenPart,
  seasonsPart,
} from "shared/redis/scripts/parts";
import { boardOf } from "shared/seasons/ranking-name";
import { entriesAway } from "../boards/shard-entry.ts";
import { type BoardPage, CLOSED, MOVED, onEveryBoard } from "./on-every-board.ts";
import { unknownPlayer } from "./players.ts";
import source from "./rename-player.lua" with { type: "text" };
import type { SetVisibilityOptions } from "./set-visibility.ts";

/**
 * Gives a player another name on all boards, in every region. It stays where the player's tokens
 * have another; an account keeps its own, which a player without a password logs in with. With
 * `own`, the account's name, the player does it: a name that an operator gave then stays.
 *
 * @returns the boards on which the player has a score
 * @throws Problem `name_given`; `not_found` for an account that was erased meanwhile;
 *   `unavailable`: nothing was changed; `outcome_unknown`: it may stand, everywhere or in part
 */
export type RenamePlayer = (player: Identity, name: string, by?: { own: string }) => Promise<number>;

/** The reply of the script where an operator gave the player a name. */
const GIVEN = -4;

const IN_PART = "The player is renamed in part: a store does not answer. Repeat it.";

const layout = defineLayout({
  keys: ["queue", "clock", "split", "erased", "visibility", "fence", "boards"],
  args: {
    userId: "text",
    name: "text",
    eventTail: "text",
    account: "text",
    partitions: "text",
    isFirst: "flag",
    isOwn: "flag",
    ownName: "text",
  },
  item: { boardId: "text", entryTail: "text" },
});
const script = defineScript({
  name: "rename-player",
  source,
  parts: [isOpenPart, accountErasedPart, entryErasedPart, isHiddenPart, givenNamePart, entryTextsPart, seasonsPart],
  layout,
  isFenced: true,
  failsAs: "write",
  parse: Number,
  isRefusal: (boards) => boards < 0,
});

export function createRenamePlayer(options: SetVisibilityOptions): RenamePlayer {
  const { topology, fences, confirm } = options;
  const { partitions } = topology;

  async function renameOn({ shard, redis, boards, isFirst }: BoardPage, player: Identity, name: string, own?: string) {
    const { region } = shard;
    const { userId, account = "" } = player;
    const keys = layout.toKeys({ ...shardKeys(shard), erased: erasedKey(shard, userId) });
    keys.push(...boards.flatMap((board) => entryKeys(shard, board)));
    const eventTail = playerTail({ user_id: userId, region });
    const args = layout.toArgs({
      userId,
      name,
      eventTail,
      account,
      partitions,
      isFirst,
      isOwn: own !== undefined,
      ownName: own ?? "",
    });
    for (const board of boards) {
      const entryTail = scoreTail({ board, user_id: userId, name, region });
      args.push(...layout.toItem({ boardId: boardOf(board), entryTail }));
    }
    const renamed = await script(redis, keys, args, confirm);
    if (renamed === CLOSED) fences.onClosed(redis, shard.tag);
    if (renamed === MOVED || renamed === CLOSED) throw entriesAway(region);
    if (renamed === GIVEN) throw new Problem("name_given", "An operator gave the player a name, which stays.");
    if (renamed < 0) throw unknownPlayer(userId);
    return renamed;
  }

  return (player, name, by) =>
    onEveryBoard(options, {
      userId: player.userId,
      inPart: IN_PART,
      onPage: (page) => renameOn(page, player, name, by?.own),
    });
}
