import type { BestView } from "shared/api/boards";
import { Problem } from "shared/api/problems";
import { toSeasonFields } from "../../seasons/season-fields.ts";
import type { ReadWindow, Window, WindowSize, WindowTarget } from "../around/read-window.ts";
import { toEntry } from "../entry-views.ts";
import { askGroups, type GroupAnswers, type MissingRegions, refuseMissing, toPartial } from "../groups/ask-groups.ts";
import type { ShardGroup } from "../groups/shard-groups.ts";
import type { LiveRead } from "../locate-player.ts";
import { isPosition, sumStandings } from "../rank/standing.ts";
import { inOrder, type Position, type ShardEntry } from "../shard-entry.ts";
import { shareRanks } from "../ties.ts";
import { findRank, PASSED_MAX } from "./find-rank-over-groups.ts";
import { AHEAD_OF_ALL, isPlace, isSamePlace, type Page, type PageEnds, type PagePlace } from "./page.ts";
import type { ReadSamples } from "./read-samples.ts";
import { type ReadEntries, sharedRankOf } from "./shared-rank.ts";

export interface PageQuestion extends LiveRead, Page {}

/** A page as it is answered, but for the cursors. */
export interface ReadPageAnswer {
  view: BestView;
  ends: PageEnds;
}

/**
 * Reads a page of a view. One round where the view is on one server, and for one beside a place.
 * Behind a number of entries on several servers: rounds of samples, and one that tells the ranks.
 *
 * @throws Problem `region_unavailable`
 */
export type ReadPage = (groups: readonly ShardGroup[], question: PageQuestion) => Promise<ReadPageAnswer>;

/** Entries on both sides of a place, over all groups. */
interface Sides extends ReadEntries {
  above: ShardEntry[];
  below: ShardEntry[];
  total: number;
  missing: MissingRegions;
}

/** Those of a page. */
interface Slice extends Sides {
  /** The index of the first among all that were read, and the entries of the view ahead of it. */
  first: number;
  ahead: number;
  entries: ShardEntry[];
}

// Entries that are read on both sides beyond the page: so far a rank may move between two rounds.
const SLACK = 32;
// Once more only where more entries than that have moved meanwhile.
const TRIES_MAX = 3;

export function createReadPage(readWindow: ReadWindow, readSamples: ReadSamples): ReadPage {
  /** Reads both sides of a place on all groups, and what these have in common of them. */
  async function readSides(
    groups: readonly ShardGroup[],
    { board, withDetails, allowsPartial, ties }: PageQuestion,
    { target, size }: { target: WindowTarget; size: WindowSize },
  ): Promise<Sides> {
    const { found, missing } = await askGroups(groups, (group) =>
      readWindow({ group, board, withDetails, size, ties }, target),
    );
    if (!allowsPartial || found.length === 0) refuseMissing(missing);
    const { before, total } = sumStandings(found);
    const above = merge(found, ({ above: own }) => own);
    return {
      before,
      total,
      missing,
      windows: found.map(({ answer }) => answer),
      target: isPosition(target) ? target : undefined,
      above: above.slice(Math.max(0, above.length - size.above)),
      below: merge(found, ({ below: own }) => own).slice(0, size.below),
    };
  }

  async function readBeside(
    groups: readonly ShardGroup[],
    question: PageQuestion,
    { side, place }: PagePlace,
  ): Promise<Slice> {
    const { limit } = question;
    if (side === "before") {
      const sides = await readSides(groups, question, { target: place, size: { above: limit, below: 0 } });
      return toSlice(sides, { first: 0, limit });
    }
    const sides = await readSides(groups, question, { target: place, size: { above: 0, below: limit + 1 } });
    // The entry at the place itself, if it is still there, was on the page before.
    const [own] = sides.below;
    return toSlice(sides, { first: own !== undefined && isSamePlace(own, place) ? 1 : 0, limit });
  }

  async function readBehind(groups: readonly ShardGroup[], question: PageQuestion, ahead: number): Promise<Slice> {
    const { limit } = question;
    if (groups.length === 1) {
      const sides = await readSides(groups, question, { target: { ahead }, size: { above: 0, below: limit } });
      return toSlice(sides, { first: 0, limit });
    }
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      const slice = await readNear(groups, question, ahead);
      if (slice !== undefined) return slice;
    }
    throw changesTooFast(question.view);
  }

  /** Undefined where more has moved between the rounds than was read beyond the page. */
  async function readNear(
    groups: readonly ShardGroup[],
    question: PageQuestion,
    ahead: number,
  ): Promise<Slice | undefined> {
    const { board, limit, allowsPartial } = question;
    const start = { place: AHEAD_OF_ALL, least: 0, most: 0 };
    const near = ahead <= PASSED_MAX ? start : await findRank({ groups, board, allowsPartial, readSamples }, ahead);
    const size = {
      above: near === start ? 0 : Math.min(PASSED_MAX, Math.max(0, near.most - ahead)) + SLACK,
      below: Math.min(PASSED_MAX, Math.max(0, ahead - near.least)) + limit + SLACK,
    };
    const sides = await readSides(groups, question, { target: near.place, size });
    const { before, total, above, below } = sides;
    if (total <= ahead) return { ...sides, ahead: total, first: above.length + below.length, entries: [] };
    const first = above.length + ahead - before;
    const last = first + Math.min(limit, total - ahead);
    return first < 0 || last > above.length + below.length ? undefined : toSlice(sides, { first, limit });
  }

  return async (groups, question) => {
    const { view, board, running, allowsPartial, ties, start } = question;
    const slice = isPlace(start)
      ? await readBeside(groups, question, start)
      : await readBehind(groups, question, start.ahead);
    const { ahead, first, total, entries, missing } = slice;
    const shown = entries.map((entry, index) => toEntry(board, entry, 1 + ahead + index, total));
    const isShared = ties === "shared" && entries.length > 0;
    return {
      view: {
        region: view,
        total,
        entries: isShared ? shareRanks(board, shown, { first: sharedRankOf(board, slice, first), total }) : shown,
        ...toPartial(missing, allowsPartial),
        ...toSeasonFields(running),
      },
      ends: toEnds(entries, { hasEntriesAhead: ahead > 0, hasEntriesBehind: ahead + entries.length < total }),
    };
  };
}

/** @param first index of the first entry among all that were read */
function toSlice(sides: Sides, { first, limit }: { first: number; limit: number }): Slice {
  const { before, above, below } = sides;
  const entries = above.concat(below).slice(first, first + limit);
  return { ...sides, first, ahead: before - above.length + first, entries };
}

/** @param has whether there are entries beyond these */
export const toEnds = (
  entries: readonly Position[],
  has: Pick<PageEnds, "hasEntriesAhead" | "hasEntriesBehind">,
): PageEnds => ({ first: entries[0], last: entries.at(-1), ...has });

const merge = (found: GroupAnswers<Window>, sideOf: (window: Window) => readonly ShardEntry[]): ShardEntry[] => {
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return [...sideOf(only.answer)];
  return found.flatMap(({ answer }) => sideOf(answer)).sort(inOrder);
};

const changesTooFast = (view: string) =>
  new Problem("region_unavailable", `The ranks of ${view} change faster than they can be read; try again.`);
