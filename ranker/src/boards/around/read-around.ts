import type { AroundView } from "shared/api/boards";
import { toEntry } from "../entry-views.ts";
import { askGroups, type GroupAnswers, refuseMissing } from "../groups/ask-groups.ts";
import { type GroupsOfView, locatePlayer, type PlayerQuestion } from "../locate-player.ts";
import { sumStandings } from "../rank/standing.ts";
import type { BoardRead, ShardEntry } from "../shard-entry.ts";
import { estimateReach, isOther, type Neighbours, pickNeighbours, type Reach, reachOf } from "./neighbours.ts";
import type { ReadWindow, Window } from "./read-window.ts";

type Windows = GroupAnswers<Window>;

/** Reads a player with `range` neighbours a side, over all shards of a view. */
export type ReadAround = (over: GroupsOfView, question: PlayerQuestion, range: number) => Promise<AroundView>;

export function createReadAround(readWindow: ReadWindow): ReadAround {
  /** Reads again the groups that may hold more neighbours than were read at first. */
  async function readShort(
    { board, withDetails }: BoardRead,
    self: ShardEntry,
    { found, short, reach }: { found: Windows; short: readonly Window[]; reach: Reach },
  ): Promise<Windows> {
    const isShort = ({ answer }: { answer: Window }) => short.includes(answer);
    const again = await askGroups(
      found.filter(isShort).map(({ group }) => group),
      (group) => {
        const isHolder = found.some((each) => each.group === group && each.answer.self !== undefined);
        const target = isHolder ? { userId: self.userId } : self;
        return readWindow({ group, board, withDetails, size: reach }, target);
      },
    );
    // Regions that are left out of the answer may be away still.
    const known = new Set(found.flatMap(({ answer }) => answer.away));
    refuseMissing(new Map([...again.missing].filter(([region]) => !known.has(region))));
    return [...found.filter((each) => !isShort(each)), ...again.found];
  }

  return async (over, question, range) => {
    const { view, board, withDetails } = question;
    const isOne = over.groups.length === 1;
    const first = estimateReach(range, over.groups.length);
    const size = { above: first, below: first, refills: isOne };
    const located = await locatePlayer(over, question, (group, target) =>
      readWindow({ group, board, withDetails, size }, target),
    );
    const { self, partial } = located;
    let { found } = located;
    let picked = pick(found, self, range);
    if (picked.short.length > 0) {
      found = await readShort(question, self, { found, short: picked.short, reach: picked.reach });
      picked = pick(found, self, range);
    }
    const { above, below, before, total } = picked;
    return {
      region: view,
      total,
      self: toEntry(board, self, 1 + before, total),
      around: [
        ...above.map((entry, index) => toEntry(board, entry, 1 + before - above.length + index, total)),
        ...below.map((entry, index) => toEntry(board, entry, 2 + before + index, total)),
      ],
      ...partial,
    };
  };
}

interface Picked extends Neighbours {
  before: number;
  total: number;
  reach: Reach;
}

function pick(found: Windows, self: ShardEntry, range: number): Picked {
  const { before, total } = sumStandings(found);
  const reach = reachOf(range, before, total);
  const [only, ...others] = found;
  // The script has read exactly the window of one group.
  if (only !== undefined && others.length === 0) {
    const { above, below } = only.answer;
    return { before, total, reach, above: above.filter(isOther(self)), below: below.filter(isOther(self)), short: [] };
  }
  const windows = found.map(({ answer }) => answer);
  return { before, total, reach, ...pickNeighbours(windows, self, reach) };
}
