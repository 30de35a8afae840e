import type { AroundScoreView, AroundView } from "shared/api/boards";
import type { Entry } from "shared/api/entries";
import { toEntry } from "../entry-views.ts";
import { askGroups, type GroupAnswers, refuseMissing, toPartial } from "../groups/ask-groups.ts";
import { type GroupsOfView, type LiveRead, locatePlayer, type PlayerQuestion } from "../locate-player.ts";
import { sumStandings, type Target } from "../rank/standing.ts";
import type { Position, ShardEntry } from "../shard-entry.ts";
import { shareRanks } from "../ties.ts";
import {
  countBetter,
  estimateReach,
  isOther,
  type Neighbours,
  pickNeighbours,
  type Reach,
  reachOf,
} from "./neighbours.ts";
import type { ReadWindow, Window } from "./read-window.ts";
import type { ScorePosition } from "./score-position.ts";

type Windows = GroupAnswers<Window>;

/** Reads neighbours, `range` a side, over all shards of a view. */
export interface ReadAround {
  /** Those of a player. */
  player(over: GroupsOfView, question: PlayerQuestion, range: number): Promise<AroundView>;
  /** Those of a score, which no entry needs to have. */
  score(over: GroupsOfView, question: ScoreQuestion, range: number): Promise<AroundScoreView>;
}

export interface ScoreQuestion extends LiveRead {
  at: ScorePosition;
}

export function createReadAround(readWindow: ReadWindow): ReadAround {
  /** A window of each group's share; the only group is read exactly. */
  const firstRead =
    ({ groups }: GroupsOfView, { board, withDetails, ties }: LiveRead, range: number) =>
    (group: GroupsOfView["groups"][number], target: Target): Promise<Window> => {
      const first = estimateReach(range, groups.length);
      const size = { above: first, below: first, refills: groups.length === 1 };
      return readWindow({ group, board, withDetails, size, ties }, target);
    };

  /** Picks the neighbours, and reads again the groups that may hold more of them than were read. */
  async function pickOf(question: LiveRead, found: Windows, { at, self, range }: Center): Promise<Picked> {
    const picked = pick(found, { at, self, range });
    if (picked.short.length === 0) return picked;
    const { board, withDetails, ties } = question;
    const isShort = ({ answer }: { answer: Window }) => picked.short.includes(answer);
    const again = await askGroups(
      found.filter(isShort).map(({ group }) => group),
      (group) => {
        const isHolder = found.some((each) => each.group === group && each.answer.self !== undefined);
        const target = isHolder && self !== undefined ? { userId: self.userId } : at;
        return readWindow({ group, board, withDetails, size: picked.reach, ties }, target);
      },
    );
    // Regions that are left out of the answer may be away still.
    const known = new Set(found.flatMap(({ answer }) => answer.away));
    refuseMissing(new Map([...again.missing].filter(([region]) => !known.has(region))));
    return pick([...found.filter((each) => !isShort(each)), ...again.found], { at, self, range });
  }

  return {
    async player(over, question, range) {
      const { view, board } = question;
      const { self, partial, found } = await locatePlayer(over, question, firstRead(over, question, range));
      const picked = await pickOf(question, found, { at: self, self, range });
      const { above, below, before, total } = picked;
      const shown = [...above, self, ...below].map((entry, index) =>
        toEntry(board, entry, 1 + before - above.length + index, total),
      );
      const around = toShown(question, picked, shown);
      const [own] = around.splice(above.length, 1);
      return { region: view, total, self: own ?? toEntry(board, self, 1 + before, total), around, ...partial };
    },

    async score(over, question, range) {
      const { view, board, at, allowsPartial, ties } = question;
      const read = firstRead(over, question, range);
      const { found, missing } = await askGroups(over.groups, (group) => read(group, at.position));
      if (!allowsPartial || found.length === 0) refuseMissing(missing);
      const picked = await pickOf(question, found, { at: at.position, self: undefined, range });
      const { above, below, before, total } = picked;
      const shown = [...above, ...below].map((entry, index) =>
        toEntry(board, entry, 1 + before - above.length + index, total),
      );
      return {
        region: view,
        total,
        ...at.shown,
        would_be_rank: 1 + (ties === "shared" ? countBetter(board, picked.windows, at.position) : before),
        around: toShown(question, picked, shown),
        ...toPartial(missing, allowsPartial),
      };
    },
  };
}

/** The entries with the ranks that were asked for. */
function toShown({ board, ties }: LiveRead, { above, windows, total }: Picked, entries: Entry[]): Entry[] {
  if (ties === "arrival") return entries;
  const [first] = above;
  return shareRanks(board, entries, { first: first ? 1 + countBetter(board, windows, first) : 1, total });
}

/** Where neighbours are looked for. */
interface Center {
  at: Position;
  /** The player who is there, if one is. */
  self: ShardEntry | undefined;
  range: number;
}

interface Picked extends Neighbours {
  before: number;
  total: number;
  reach: Reach;
  windows: readonly Window[];
}

function pick(found: Windows, { self, range }: Center): Picked {
  const { before, total } = sumStandings(found);
  const windows = found.map(({ answer }) => answer);
  const reach = reachOf(range, before, self === undefined ? total + 1 : total);
  const [only, ...others] = windows;
  // The script has read exactly the window of one group.
  if (only !== undefined && others.length === 0) {
    const [above, below] = [only.above, only.below].map((side) => (self ? side.filter(isOther(self)) : side));
    return { before, total, reach, windows, above: above ?? [], below: below ?? [], short: [] };
  }
  return { before, total, reach, windows, ...pickNeighbours(windows, self, reach) };
}
