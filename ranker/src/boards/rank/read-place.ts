import type { RankView } from "shared/api/boards";
import { toSeasonFields } from "../../seasons/season-fields.ts";
import { NO_NEIGHBOURS, type ReadWindow, toStanding } from "../around/read-window.ts";
import { toEntry, toRankView } from "../entry-views.ts";
import { askOnlyGroup, NONE_MISSING, toPartial } from "../groups/ask-groups.ts";
import { type GroupsOfView, locatePlayer, notRanked, type PlayerQuestion } from "../locate-player.ts";
import type { ReadRank } from "./read-rank.ts";
import { sumStandings } from "./standing.ts";

/** Reads a player's entry with its rank over all shards of a view. @throws as `locatePlayer` */
export type ReadPlace = (over: GroupsOfView, question: PlayerQuestion) => Promise<RankView>;

export function createReadPlace(readRank: ReadRank, readWindow: ReadWindow): ReadPlace {
  return async (over, question) => {
    const { view, board, running, allowsPartial, withDetails, ties, userId } = question;
    const [only, ...others] = over.groups;
    if (only !== undefined && others.length === 0 && !withDetails) {
      // The most frequent question: one call answers it whole, without the steps over several.
      const { self, before, total, away } = await askOnlyGroup(
        only,
        readRank({ group: only, board, ties }, { userId }),
      );
      if (away.length === 0) {
        if (self === undefined || before === undefined) throw notRanked(view, board.id, userId);
        const standing = { rank: 1 + before, total };
        const partial = toPartial(NONE_MISSING, allowsPartial);
        return toRankView(toEntry(board, self, standing.rank, total), standing, {
          ...partial,
          ...toSeasonFields(running),
        });
      }
    }
    const { self, found, partial } = await locatePlayer(over, question, async (group, target) => {
      if (!withDetails) return readRank({ group, board, ties }, target);
      return toStanding(await readWindow({ group, board, withDetails, size: NO_NEIGHBOURS, ties }, target), ties);
    });
    const { before, total } = sumStandings(found);
    const standing = { rank: 1 + before, total };
    return toRankView(toEntry(board, self, standing.rank, total), standing, { ...partial, ...toSeasonFields(running) });
  };
}
