import { fromPlace, placeDigitsOf } from "shared/entries/records";
import { narrow, type Sample, type Sampled, toDistance } from "../../boards/pages/narrow.ts";
import {
  AHEAD_OF_ALL,
  BEHIND_ALL,
  isOfBest,
  isPlace,
  isSamePlace,
  type Page,
  type PageEnds,
  type PagePlace,
} from "../../boards/pages/page.ts";
import { archivesUnavailable, inOrder, type Position } from "../../boards/shard-entry.ts";
import type { RankedBoard } from "../../seasons/ranked-board.ts";
import type { ArchivedEntry, ArchivedPlace, ArchivedRead, Shelf } from "../archived-entry.ts";
import type { NeighboursQuestion } from "../read-window.ts";
import type { RankRange } from "./read-samples.ts";

/** What a page of an archive is made of: statements, each for all regions that answer. */
export interface PageReads {
  read: ArchivedRead;
  /**
   * The regions that answer, with how many were ranked at the end; for a page of the best its rows.
   */
  shelves: readonly Shelf[];
  neighbours(question: NeighboursQuestion): Promise<Shelf[]>;
  samples(ranges: readonly RankRange[], count: number): Promise<Shelf[]>;
  ranksOf(shelves: readonly Shelf[], entries: readonly ArchivedEntry[]): Promise<number[]>;
}

export interface ArchivedPage {
  entries: ArchivedEntry[];
  ranks: number[];
  ends: PageEnds;
}

/**
 * Reads a page of an archive. Beside a place, that is a statement for each side. Behind a number of
 * entries: rounds of samples, of which each leaves a small part of the ranks, then the rows about
 * the place that was found. The page begins with the first row whose rank is larger than the
 * number.
 */
export async function readPage(reads: PageReads, { start, limit }: Page): Promise<ArchivedPage> {
  if (isPlace(start)) return readBeside(reads, start, limit);
  return isOfBest(start) ? readBest(reads, limit) : readBehind(reads, start.ahead, limit);
}

async function readBest({ shelves, ranksOf }: PageReads, limit: number): Promise<ArchivedPage> {
  const all = merge(shelves);
  const entries = all.slice(0, limit);
  const has = { hasEntriesAhead: false, hasEntriesBehind: all.length > limit };
  return toPage(entries, await ranksOf(shelves, entries), has);
}

async function readBeside(reads: PageReads, { side, place }: PagePlace, limit: number): Promise<ArchivedPage> {
  const { read, neighbours, ranksOf } = reads;
  const sizes = side === "after" ? { ahead: 1, behind: limit + 2 } : { ahead: limit + 1, behind: 1 };
  const sides = await readSides(neighbours, toArchivedPlace(read.board, place), sizes);
  const [ahead, behind] = [merge(sides.ahead), merge(sides.behind)];
  if (side === "before") {
    const entries = ahead.slice(-limit);
    const has = { hasEntriesAhead: ahead.length > limit, hasEntriesBehind: behind.length > 0 };
    return toPage(entries, await ranksOf(sides.ahead, entries), has);
  }
  // The row at the place itself, if it is still visible, was on the page before.
  const [first] = behind;
  const own = first !== undefined && isSamePlace(first, place) ? 1 : 0;
  const entries = behind.slice(own, own + limit);
  const has = { hasEntriesAhead: own > 0 || ahead.length > 0, hasEntriesBehind: behind.length > own + limit };
  return toPage(entries, await ranksOf(sides.behind, entries), has);
}

// Rows on both sides beyond the page: those of players who were hidden at the end and are visible
// now share the ranks of others.
const SLACK = 16;
const TRIES_MAX = 5;

async function readBehind(reads: PageReads, ahead: number, limit: number): Promise<ArchivedPage> {
  const { neighbours, ranksOf } = reads;
  let near = await findRank(reads, ahead);
  for (let tries = 1; near !== undefined; tries++) {
    if (tries > TRIES_MAX) throw archivesUnavailable();
    const slack = SLACK * 4 ** (tries - 1);
    const sizes = {
      ahead: Math.max(0, near.most - ahead) + slack,
      behind: Math.max(0, ahead - near.least) + limit + 1 + slack,
    };
    const sides = await readSides(neighbours, near.place, sizes);
    const [above, below] = [merge(sides.ahead).slice(-sizes.ahead), merge(sides.behind).slice(0, sizes.behind)];
    const all = above.concat(below);
    const ranks = await ranksOf(joinShelves(sides.ahead, sides.behind), all);
    const first = ranks.findIndex((rank) => rank > ahead);
    const isCutAhead = first === 0 && above.length === sizes.ahead;
    const isCutBehind = (first < 0 || all.length - first <= limit) && below.length === sizes.behind;
    const farthest = isCutAhead ? all[0] : all.at(-1);
    if (farthest === undefined || !(isCutAhead || isCutBehind)) {
      const begin = first < 0 ? all.length : first;
      const entries = all.slice(begin, begin + limit);
      const has = { hasEntriesAhead: begin > 0, hasEntriesBehind: all.length > begin + limit };
      return toPage(entries, ranks.slice(begin, begin + limit), has);
    }
    near = { place: farthest, least: ahead, most: ahead };
  }
  const last = await neighbours({ position: BEHIND_ALL_ROWS, side: "ahead", size: 1 });
  return toPage([], [], { hasEntriesAhead: merge(last).length > 0, hasEntriesBehind: false });
}

interface FoundPlace {
  place: ArchivedPlace;
  /** Bounds of how many were ranked ahead of it at the end, in all regions. */
  least: number;
  most: number;
}

const SAMPLES = 64;
// Each round leaves a tenth of the ranks or less.
const ROUNDS_MAX = 12;
/** So many rows are read and passed over rather than asking once more. */
const PASSED_MAX = 128;

/** Undefined where no row has a larger rank. */
async function findRank({ shelves, samples }: PageReads, ahead: number): Promise<FoundPlace | undefined> {
  // Players who were hidden at the end may stand behind the last one who was ranked.
  if (shelves.reduce((sum, { total }) => sum + total, 0) < ahead) return undefined;
  if (ahead <= PASSED_MAX) return { place: AHEAD_OF_ALL_ROWS, least: 0, most: 0 };
  const [only, ...others] = shelves;
  if (only !== undefined && others.length === 0) {
    const [shelf] = await samples([{ region: only.region, low: ahead, high: ahead }], 1);
    const [place] = shelf?.entries ?? [];
    return place && { place, least: ahead, most: ahead };
  }
  let ranges = shelves.map(({ region, total }) => ({ region, low: 0, high: total }));
  let nearest: FoundPlace | undefined;
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const found = new Map((await samples(ranges, SAMPLES)).map((shelf) => [shelf.region, shelf.entries]));
    const lists = ranges.map(({ region, low, high }) => toSampled(found.get(region) ?? [], low, high));
    const narrowed = narrow(lists, ahead);
    if (narrowed.nearest === undefined) return nearest;
    const { place, least, most } = narrowed.nearest;
    nearest = { place: place.entry, least, most };
    if (toDistance(nearest, ahead) <= PASSED_MAX) return nearest;
    ranges = ranges.map((range, index) => ({ ...range, ...narrowed.ranges[index] }));
  }
  return nearest;
}

interface RowSample extends Sample {
  entry: ArchivedEntry;
}

function toSampled(rows: readonly ArchivedEntry[], low: number, high: number): Sampled<RowSample> {
  const samples: RowSample[] = [];
  for (const entry of rows) {
    const { rank, isCounted, score, member } = entry;
    // Ranges of few ranks name the same row again, or one behind them.
    if (rank > high || samples.at(-1)?.entry.userId === entry.userId) continue;
    samples.push({ entry, score, member, index: rank - 1, passed: isCounted ? rank : rank - 1 });
  }
  return { low, high, samples };
}

type Neighbours = PageReads["neighbours"];

/** Both sides of a place: the row at the place itself is the first one behind. */
async function readSides(neighbours: Neighbours, place: ArchivedPlace, sizes: { ahead: number; behind: number }) {
  const [ahead, behind] = await Promise.all([
    neighbours({ position: place, side: "ahead", size: sizes.ahead }),
    neighbours({ position: justAhead(place), side: "behind", size: sizes.behind }),
  ]);
  return { ahead, behind };
}

/** No id has such a character: between this place and the other there is room for no row. */
const justAhead = (place: ArchivedPlace): ArchivedPlace => ({ ...place, userId: `${place.userId}\u0001` });

const placeOf = (score: number): ArchivedPlace => ({
  region: "",
  userId: "",
  at: { sortKey: String(score), subKey: "0", reachedAt: "0" },
});
const AHEAD_OF_ALL_ROWS = placeOf(AHEAD_OF_ALL.score);
const BEHIND_ALL_ROWS = placeOf(BEHIND_ALL.score);

export function toArchivedPlace(board: RankedBoard, { score, member }: Position): ArchivedPlace {
  const digits = placeDigitsOf(board);
  if (member === "") return placeOf(score);
  const { subKey, reachedAtUs } = fromPlace(member.slice(0, digits));
  return {
    region: "",
    userId: member.slice(digits),
    at: { sortKey: String(score), subKey: subKey ?? "0", reachedAt: String(reachedAtUs) },
  };
}

const merge = (shelves: readonly Shelf[]): ArchivedEntry[] => shelves.flatMap(({ entries }) => entries).sort(inOrder);

/** The rows of each region on both sides, in order. */
function joinShelves(ahead: readonly Shelf[], behind: readonly Shelf[]): Shelf[] {
  return [...Map.groupBy(ahead.concat(behind), ({ region }) => region)].map(([region, own]) => ({
    region,
    total: own[0]?.total ?? 0,
    entries: merge(own),
  }));
}

function toPage(
  entries: ArchivedEntry[],
  ranks: number[],
  has: Pick<PageEnds, "hasEntriesAhead" | "hasEntriesBehind">,
): ArchivedPage {
  return { entries, ranks, ends: { first: entries[0], last: entries.at(-1), ...has } };
}
