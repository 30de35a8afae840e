import type { AroundScoreView, AroundView, BestView, RankView } from "shared/api/boards";
import type { Ties } from "shared/api/fields";
import { Problem } from "shared/api/problems";
import type { RanksView } from "shared/api/reads/ranks";
import { ARCHIVE_DATABASE_MS, ARCHIVE_READ_MS } from "shared/base/deadlines";
import { GLOBAL, type Topology } from "shared/model/regions";
import type { Sql } from "shared/postgres/connect-postgres";
import type { RunningSeason } from "shared/seasons/plan";
import { reachOf } from "../boards/around/neighbours.ts";
import type { ScorePosition } from "../boards/around/score-position.ts";
import { toRankView, toView } from "../boards/entry-views.ts";
import { type MissingRegions, namesOf, toPartial } from "../boards/groups/ask-groups.ts";
import { notRanked } from "../boards/locate-player.ts";
import type { PageEnds, PageStart } from "../boards/pages/page.ts";
import { positionsOf, toRanked, toRanksView } from "../boards/ranks/ranks-view.ts";
import { archivesUnavailable, inOrder } from "../boards/shard-entry.ts";
import type { RankedBoard } from "../seasons/ranked-board.ts";
import { toSeasonFields } from "../seasons/season-fields.ts";
import { ArchiveAway, type ArchiveDatabase, type ArchiveDatabases } from "./archive-databases.ts";
import {
  type ArchivedEntry,
  type ArchivedPlace,
  type ArchivedRead,
  SeasonPurged,
  type Shelf,
} from "./archived-entry.ts";
import { countAhead } from "./count-ahead.ts";
import { seasonPurged } from "./final-seasons.ts";
import type { Side } from "./index-ranges.ts";
import { knownRanks } from "./known-ranks.ts";
import { isOfBest, readPage } from "./pages/read-page.ts";
import { readSamples } from "./pages/read-samples.ts";
import { aheadOfTies, behindTies, tieOf } from "./position.ts";
import { readPlayers } from "./read-players.ts";
import { readTop } from "./read-top.ts";
import { type NeighboursQuestion, readNeighbours } from "./read-window.ts";

export interface ArchiveQuestion extends ArchivedRead {
  view: string;
  season: RunningSeason;
  /** Whether the answer may leave out regions whose database does not answer. */
  allowsPartial: boolean;
  ties: Ties;
}

/**
 * Reads final seasons from PostgreSQL, with the ranks of their end. Each read asks each database a
 * few statements, of which none reads more than it answers with.
 *
 * All throw Problem `archives_unavailable` within {@link ARCHIVE_READ_MS}, and `season_not_found`
 * for a season that was purged.
 */
export interface Archives {
  top(question: ArchiveQuestion, limit: number): Promise<BestView>;
  /** A page of `limit` entries. Behind a number of entries it begins with the next larger rank. */
  page(question: ArchiveQuestion, page: { start: PageStart; limit: number }): Promise<ArchivedPageView>;
  /** @throws Problem `not_ranked` */
  rank(question: ArchiveQuestion, userId: string): Promise<RankView>;
  ranks(question: ArchiveQuestion, userIds: readonly string[]): Promise<RanksView>;
  /** @throws Problem `not_ranked` */
  around(question: ArchiveQuestion, userId: string, range: number): Promise<AroundView>;
  /** `would_be_rank` is the rank that the score would have had at the end. */
  aroundScore(question: ArchiveQuestion, at: ScorePosition, range: number): Promise<AroundScoreView>;
  /** The region of a player's entry, hidden or not; undefined where there is none. */
  regionOf(board: RankedBoard, userId: string): Promise<string | undefined>;
}

/** Which regions answered before, and until when the others of a read are waited for. */
interface Answered {
  missing: MissingRegions;
  lateAt: number;
}

export interface ArchivedPageView {
  view: BestView;
  ends: PageEnds;
}

/** The regions that answered, and those that did not. */
interface Found {
  shelves: Shelf[];
  missing: MissingRegions;
}

type Ask<T> = (regions: readonly string[]) => (sql: Sql) => Promise<T>;

export function createArchives({ regions }: Topology, { all }: Pick<ArchiveDatabases, "all">): Archives {
  const regionsOf = (view: string) => (view === GLOBAL ? regions : [view]);

  /** One round: each database that has some of the regions is asked about these. */
  function askEach<T>(wanted: readonly string[], lateAt: number, ask: Ask<T>): { own: string[]; answer: Promise<T> }[] {
    const waitMs = Math.max(0, Math.min(ARCHIVE_DATABASE_MS, lateAt - performance.now()));
    return all.flatMap((database: ArchiveDatabase) => {
      const own = database.regions.filter((region) => wanted.includes(region));
      return own.length === 0 ? [] : [{ own, answer: database.read(ask(own), waitMs) }];
    });
  }

  async function askShelves(question: ArchiveQuestion, lateAt: number, ask: Ask<Shelf[]>): Promise<Found> {
    const missing = new Map<string, Problem>();
    const shelves = await Promise.all(
      askEach(regionsOf(question.view), lateAt, ask).map(async ({ own, answer }) => {
        try {
          return await answer;
        } catch (error) {
          if (error instanceof SeasonPurged) throw error;
          for (const region of own) missing.set(region, archivesUnavailable(error));
          return [];
        }
      }),
    );
    const found = { shelves: shelves.flat(), missing };
    if (!question.allowsPartial || missing.size === regionsOf(question.view).length) refuseMissing(missing);
    return found;
  }

  /** The entries ahead of positions in the view, each position's own region left out. */
  async function aheadOf(
    question: ArchiveQuestion,
    positions: readonly ArchivedPlace[],
    { missing, lateAt }: Answered,
  ): Promise<number[]> {
    const wanted = regionsOf(question.view).filter((region) => !missing.has(region));
    const asked = askEach(wanted, lateAt, (own) => countAhead(question, own, positions));
    const counts = await Promise.all(asked.map(({ answer }) => answer));
    return positions.map((_, index) => counts.reduce((sum, count) => sum + (count[index] ?? 0), 0));
  }

  /**
   * The same as shared ranks: one look-up for each tie, because those who are not shown any more
   * leave gaps in the ranks of a page.
   */
  async function sharedRanksOf(
    question: ArchiveQuestion,
    entries: readonly ArchivedEntry[],
    answered: Answered,
  ): Promise<number[]> {
    const isOne = regionsOf(question.view).length - answered.missing.size <= 1;
    if (isOne || entries.length === 0) return entries.map(({ rankShared }) => rankShared);
    const ties = new Map(entries.map((entry) => [tieOf(entry), aheadOfTies(entry)]));
    const ahead = await aheadOf(question, [...ties.values()], answered);
    const byTie = new Map([...ties.keys()].map((tie, index) => [tie, ahead[index] ?? 0]));
    return entries.map((entry) => 1 + (byTie.get(tieOf(entry)) ?? 0));
  }

  /**
   * The ranks of entries in the view by arrival, among the regions that answered.
   *
   * @param shelves one for each of these regions, with rows that tell most of the ranks
   */
  async function arrivalRanksOf(
    question: ArchiveQuestion,
    entries: readonly ArchivedEntry[],
    answered: Answered,
    shelves: readonly Shelf[] = [],
  ): Promise<number[]> {
    const regionCount = regionsOf(question.view).length - answered.missing.size;
    if (regionCount <= 1 || entries.length === 0) return entries.map(({ rank }) => rank);
    const known = shelves.length === regionCount ? knownRanks(shelves) : new Map<ArchivedEntry, number>();
    const unknown = entries.filter((entry) => !known.has(entry));
    const ahead = unknown.length === 0 ? [] : await aheadOf(question, unknown, answered);
    for (const [index, entry] of unknown.entries()) known.set(entry, entry.rank + (ahead[index] ?? 0));
    return entries.map((entry) => known.get(entry) ?? entry.rank);
  }

  const ranksOf = (question: ArchiveQuestion, entries: readonly ArchivedEntry[], answered: Answered) =>
    question.ties === "shared"
      ? sharedRanksOf(question, entries, answered)
      : arrivalRanksOf(question, entries, answered);

  /** The entries next to a position on one side, the nearest `size` of the view. */
  async function readSide(
    question: ArchiveQuestion,
    { missing, lateAt }: Answered,
    { position, side, size }: NeighboursQuestion,
  ): Promise<ArchivedEntry[]> {
    const wanted = regionsOf(question.view).filter((region) => !missing.has(region));
    const asked = askEach(wanted, lateAt, (own) => readNeighbours(question, own, { position, side, size }));
    const shelves = (await Promise.all(asked.map(({ answer }) => answer))).flat();
    return nearest(shelves, side, size);
  }

  const page: Archives["page"] = (question, { start, limit }) =>
    read(question, async (lateAt) => {
      const { view, board, allowsPartial, season, ties } = question;
      const bestOf = isOfBest(start) ? limit + 1 : 0;
      const { shelves, missing } = await askShelves(question, lateAt, (own) => readTop(question, own, bestOf));
      const answered = { missing, lateAt };
      const regions = shelves.map(({ region }) => region);
      const askAll = async (ask: Ask<Shelf[]>) =>
        (await Promise.all(askEach(regions, lateAt, ask).map(({ answer }) => answer))).flat();
      const found = await readPage(
        {
          read: question,
          shelves,
          neighbours: (asked) => askAll((own) => readNeighbours(question, own, asked)),
          samples: (ranges, count) =>
            askAll((own) =>
              readSamples(
                question,
                ranges.filter(({ region }) => own.includes(region)),
                count,
              ),
            ),
          ranksOf: (rows, shown) => arrivalRanksOf(question, shown, answered, rows),
        },
        { start, limit },
      );
      const { entries, ends } = found;
      const ranks = ties === "shared" ? await sharedRanksOf(question, entries, answered) : found.ranks;
      const total = totalOf(shelves);
      const shown = {
        region: view,
        total,
        entries: entries.map((entry, index) => toView(board, { ...entry, rank: ranks[index] ?? null, total })),
        ...toPartial(missing, allowsPartial),
        ...toSeasonFields(season),
      };
      return { view: shown, ends };
    });

  async function locateAll(question: ArchiveQuestion, userIds: readonly string[], lateAt: number) {
    const { shelves, missing } = await askShelves(question, lateAt, (own) => readPlayers(question, own, userIds));
    // A player has one home. Should two regions have an entry, the newer one counts.
    const found = shelves.flatMap(({ entries }) => entries).toSorted((a, b) => a.updatedAt - b.updatedAt);
    return { players: new Map(found.map((entry) => [entry.userId, entry])), missing, total: totalOf(shelves) };
  }

  async function locate(question: ArchiveQuestion, userId: string, lateAt: number) {
    const { players, missing, total } = await locateAll(question, [userId], lateAt);
    const self = players.get(userId);
    if (self === undefined) {
      refuseMissing(missing);
      throw notRanked(question.view, question.board.id, userId);
    }
    return { self, missing, total };
  }

  /** Turns what a read meets into the problem of its answer. */
  async function read<T>({ board }: ArchiveQuestion, work: (lateAt: number) => Promise<T>): Promise<T> {
    try {
      return await work(performance.now() + ARCHIVE_READ_MS);
    } catch (error) {
      if (error instanceof SeasonPurged) throw seasonPurged(board.id, board.number);
      throw error instanceof ArchiveAway ? archivesUnavailable(error) : error;
    }
  }

  return {
    top: async (question, limit) => (await page(question, { start: THE_BEST, limit })).view,
    page,

    rank: (question, userId) =>
      read(question, async (lateAt) => {
        const { board, allowsPartial, season } = question;
        const { self, missing, total } = await locate(question, userId, lateAt);
        const [rank = self.rank] = await ranksOf(question, [self], { missing, lateAt });
        const more = { ...toPartial(missing, allowsPartial), ...toSeasonFields(season) };
        return toRankView(toView(board, { ...self, rank, total }), { rank, total }, more);
      }),

    ranks: (question, userIds) =>
      read(question, async (lateAt) => {
        const { view, board, allowsPartial, season } = question;
        const { players, missing, total } = await locateAll(question, userIds, lateAt);
        const ranked = [...players.values()].sort(inOrder);
        const ranks = await ranksOf(question, ranked, { missing, lateAt });
        const positions = positionsOf(board, ranked, question.ties);
        const entries = ranked.map((entry, index) => {
          const rank = ranks[index] ?? entry.rank;
          return toRanked(toView(board, { ...entry, rank, total }), rank, positions[index]);
        });
        const rest = userIds.filter((userId) => !players.has(userId));
        return {
          ...toRanksView({ view, total, entries, rest }, { missing, allowsPartial }),
          ...toSeasonFields(season),
        };
      }),
    async regionOf(board, userId) {
      const season = { season: board.number, startsAt: 0, endsAt: 0 };
      const plain = { withDetails: false, allowsPartial: false, ties: "arrival" } as const;
      const question: ArchiveQuestion = { board, view: GLOBAL, season, ...plain };
      const held = await read(question, (lateAt) =>
        askShelves(question, lateAt, (own) => readPlayers(question, own, [userId], { withHidden: true })),
      );
      return held.shelves.find(({ entries }) => entries.length > 0)?.region;
    },

    around: (question, userId, range) =>
      read(question, async (lateAt) => {
        const { view, board, allowsPartial, season } = question;
        const { self, missing, total } = await locate(question, userId, lateAt);
        // At an end of the board the other side is refilled.
        const near = (side: Side) => readSide(question, { missing, lateAt }, { position: self, side, size: 2 * range });
        const [ahead, behind] = await Promise.all([near("ahead"), near("behind")]);
        const reach = reachOf(range, ahead.length, ahead.length + 1 + behind.length);
        const above = ahead.slice(ahead.length - reach.above);
        const shown = [self, ...above, ...behind.slice(0, reach.below)];
        const ranks = await ranksOf(question, shown, { missing, lateAt });
        const [own, ...others] = shown.map((entry, index) =>
          toView(board, { ...entry, rank: ranks[index] ?? null, total }),
        );
        return {
          region: view,
          total,
          self: own ?? toView(board, { ...self, rank: self.rank, total }),
          around: others,
          ...toPartial(missing, allowsPartial),
          ...toSeasonFields(season),
        };
      }),

    aroundScore: (question, at, range) =>
      read(question, async (lateAt) => {
        const { view, board, allowsPartial, season, ties } = question;
        const position = behindTies(at);
        const size = 2 * range;
        const { shelves, missing } = await askShelves(question, lateAt, (own) =>
          readNeighbours(question, own, { position, side: "ahead", size }),
        );
        const answered = { missing, lateAt };
        const ahead = nearest(shelves, "ahead", size);
        const [behind, [before = 0]] = await Promise.all([
          readSide(question, answered, { position, side: "behind", size }),
          aheadOf(question, [ties === "shared" ? aheadOfTies(position) : position], answered),
        ]);
        const reach = reachOf(range, ahead.length, ahead.length + 1 + behind.length);
        const shown = [...ahead.slice(ahead.length - reach.above), ...behind.slice(0, reach.below)];
        const ranks = await ranksOf(question, shown, answered);
        const total = totalOf(shelves);
        return {
          region: view,
          total,
          ...at.shown,
          would_be_rank: 1 + before,
          around: shown.map((entry, index) => toView(board, { ...entry, rank: ranks[index] ?? null, total })),
          ...toPartial(missing, allowsPartial),
          ...toSeasonFields(season),
        };
      }),
  };
}

function nearest(shelves: readonly Shelf[], side: Side, size: number): ArchivedEntry[] {
  const entries = shelves.flatMap((shelf) => shelf.entries).sort(inOrder);
  return side === "ahead" ? entries.slice(-size) : entries.slice(0, size);
}

const THE_BEST = { ahead: 0 };

const totalOf = (shelves: readonly Shelf[]) => shelves.reduce((sum, { total }) => sum + total, 0);

/** @throws Problem `archives_unavailable` when a region is missing */
function refuseMissing(missing: MissingRegions): void {
  const [cause] = missing.values();
  if (cause === undefined) return;
  const names = namesOf(missing);
  throw new Problem("archives_unavailable", `The archives of ${names.join(", ")} cannot be read now; try again.`, {
    members: { missing_regions: names },
    cause,
  });
}
