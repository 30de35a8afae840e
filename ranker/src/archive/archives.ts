import type { AroundScoreView, AroundView, BestView, RankView } from "shared/api/boards";
import type { RanksView } from "shared/api/reads/ranks";
import { ARCHIVE_DATABASE_MS, ARCHIVE_READ_MS } from "shared/base/deadlines";
import { GLOBAL, type Topology } from "shared/model/regions";
import { reachOf } from "../boards/around/neighbours.ts";
import type { ScorePosition } from "../boards/around/score-position.ts";
import { toRankView, toView } from "../boards/entry-views.ts";
import { toPartial } from "../boards/groups/ask-groups.ts";
import { notRanked } from "../boards/locate-player.ts";
import { isOfBest, type Page, type PageEnds, THE_BEST } from "../boards/pages/page.ts";
import { toRanksView } from "../boards/ranks/ranks-view.ts";
import { archivesUnavailable, inOrder } from "../boards/shard-entry.ts";
import type { RankedBoard } from "../seasons/ranked-board.ts";
import { toSeasonFields } from "../seasons/season-fields.ts";
import { ArchiveAway, type ArchiveDatabases } from "./archive-databases.ts";
import { type ArchivedEntry, type ArchivedRead, SeasonPurged, type Shelf } from "./archived-entry.ts";
import { type Answered, type ArchiveQuestion, type Ask, createAskRegions, refuseMissing } from "./ask-regions.ts";
import { seasonPurged } from "./final-seasons.ts";
import type { Side } from "./index-ranges.ts";
import { readPage } from "./pages/read-page.ts";
import { type RankRange, readSamples } from "./pages/read-samples.ts";
import { aheadOfTies, behindTies } from "./position.ts";
import { createArchivedRanks } from "./ranks/archived-ranks.ts";
import { type OwnEntry, type RankingPage, readOwnEntries } from "./read-own-entries.ts";
import { readPlayers } from "./read-players.ts";
import { readTop } from "./read-top.ts";
import { type NeighboursQuestion, readNeighbours } from "./read-window.ts";

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
  page(question: ArchiveQuestion, page: Page): Promise<ArchivedPageView>;
  /** @throws Problem `not_ranked` */
  rank(question: ArchiveQuestion, userId: string): Promise<RankView>;
  ranks(question: ArchiveQuestion, userIds: readonly string[]): Promise<RanksView>;
  /** @throws Problem `not_ranked` */
  around(question: ArchiveQuestion, userId: string, range: number): Promise<AroundView>;
  /** `would_be_rank` is the rank that the score would have had at the end. */
  aroundScore(question: ArchiveQuestion, at: ScorePosition, range: number): Promise<AroundScoreView>;
  /**
   * A player's own entries in all seasons that are final, hidden or not, of the first `limit`
   * seasons of boards behind a name.
   */
  ownEntries(userId: string, page: RankingPage): Promise<OwnEntry[]>;
  /** The region of a player's entry, hidden or not; undefined where there is none. */
  regionOf(board: RankedBoard, userId: string): Promise<string | undefined>;
}

export interface ArchivedPageView {
  view: BestView;
  ends: PageEnds;
}

export function createArchives(topology: Topology, databases: Pick<ArchiveDatabases, "all">): Archives {
  const regions = createAskRegions(topology, databases);
  const ranks = createArchivedRanks(regions);

  /** The entries next to a position on one side, the nearest `size` of the view. */
  async function readSide(
    question: ArchiveQuestion,
    answered: Answered,
    asked: NeighboursQuestion,
  ): Promise<ArchivedEntry[]> {
    const shelves = await regions.again(question, answered, (own) => readNeighbours(question, own, asked));
    return nearest(shelves.flat(), asked.side, asked.size);
  }

  const page: Archives["page"] = (question, { start, limit }) =>
    read(question, async (lateAt) => {
      const { view, board, allowsPartial, season, ties } = question;
      const bestOf = isOfBest(start) ? limit + 1 : 0;
      const { shelves, missing } = await regions.first(question, lateAt, (own) => readTop(question, own, bestOf));
      const answered = { missing, lateAt };
      const again = async (ask: Ask<Shelf[]>) => (await regions.again(question, answered, ask)).flat();
      const reads = {
        read: question,
        shelves,
        neighbours: (asked: NeighboursQuestion) => again((own) => readNeighbours(question, own, asked)),
        samples: (ranges: readonly RankRange[], count: number) =>
          again((own) => readSamples(question, rangesOf(ranges, own), count)),
        ranksOf: (rows: readonly Shelf[], shown: readonly ArchivedEntry[]) =>
          ranks.byArrival(question, shown, answered, rows),
      };
      const { entries, ranks: byArrival, ends } = await readPage(reads, { start, limit });
      const shownRanks = ties === "shared" ? await ranks.of(question, entries, answered) : byArrival;
      const total = totalOf(shelves);
      const shown = {
        region: view,
        total,
        entries: entries.map((entry, index) => toView(board, { ...entry, rank: shownRanks[index] ?? null, total })),
        ...toPartial(missing, allowsPartial),
        ...toSeasonFields(season),
      };
      return { view: shown, ends };
    });

  async function locateAll(question: ArchiveQuestion, userIds: readonly string[], lateAt: number) {
    const { shelves, missing } = await regions.first(question, lateAt, (own) => readPlayers(question, own, userIds));
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
  async function read<T>({ board }: ArchivedRead, work: (lateAt: number) => Promise<T>): Promise<T> {
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
        const [rank = self.rank] = await ranks.of(question, [self], { missing, lateAt });
        const more = { ...toPartial(missing, allowsPartial), ...toSeasonFields(season) };
        return toRankView(toView(board, { ...self, rank, total }), { rank, total }, more);
      }),

    ranks: (question, userIds) =>
      read(question, async (lateAt) => {
        const { board, season } = question;
        const { players: held, missing, total } = await locateAll(question, userIds, lateAt);
        const ranked = [...held.values()].sort(inOrder);
        const found = await ranks.of(question, ranked, { missing, lateAt });
        const players = ranked.map((at, index) => {
          const rank = found[index] ?? at.rank;
          return { at, entry: toView(board, { ...at, rank, total }), rank };
        });
        return {
          ...toRanksView({ ...question, userIds }, { players, total, missing }),
          ...toSeasonFields(season),
        };
      }),

    async ownEntries(userId, page) {
      const asked = databases.all.map(({ regions: own, read: ask }) =>
        ask(readOwnEntries(own, userId, page), ARCHIVE_DATABASE_MS),
      );
      try {
        return (await Promise.all(asked)).flat();
      } catch (error) {
        throw error instanceof ArchiveAway ? archivesUnavailable(error) : error;
      }
    },

    async regionOf(board, userId) {
      const question = { board, view: GLOBAL, withDetails: false, allowsPartial: false };
      const held = await read(question, (lateAt) =>
        regions.first(question, lateAt, (own) => readPlayers(question, own, [userId], { withHidden: true })),
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
        const found = await ranks.of(question, shown, { missing, lateAt });
        const [own, ...others] = shown.map((entry, index) =>
          toView(board, { ...entry, rank: found[index] ?? null, total }),
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
        const { shelves, missing } = await regions.first(question, lateAt, (own) =>
          readNeighbours(question, own, { position, side: "ahead", size }),
        );
        const answered = { missing, lateAt };
        const ahead = nearest(shelves, "ahead", size);
        const [behind, [before = 0]] = await Promise.all([
          readSide(question, answered, { position, side: "behind", size }),
          ranks.aheadOf(question, [ties === "shared" ? aheadOfTies(position) : position], answered),
        ]);
        const reach = reachOf(range, ahead.length, ahead.length + 1 + behind.length);
        const shown = [...ahead.slice(ahead.length - reach.above), ...behind.slice(0, reach.below)];
        const found = await ranks.of(question, shown, answered);
        const total = totalOf(shelves);
        return {
          region: view,
          total,
          ...at.shown,
          would_be_rank: 1 + before,
          around: shown.map((entry, index) => toView(board, { ...entry, rank: found[index] ?? null, total })),
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

const rangesOf = (ranges: readonly RankRange[], own: readonly string[]) =>
  ranges.filter(({ region }) => own.includes(region));

const totalOf = (shelves: readonly Shelf[]) => shelves.reduce((sum, { total }) => sum + total, 0);
