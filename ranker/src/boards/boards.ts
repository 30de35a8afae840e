import type { AroundScoreView, AroundView, BestView, RankView } from "shared/api/boards";
import type { Ties } from "shared/api/fields";
import type { RanksView } from "shared/api/reads/ranks";
import { type SharedBody, shareBody } from "shared/http/reply";
import type { Shard, Topology } from "shared/model/regions";
import type { Redis } from "shared/redis/redis";
import type { Definitions } from "../definitions/definitions.ts";
import { createReadAs } from "../definitions/read-as.ts";
import { keptSeason, type RankedBoard, rankedIn } from "../seasons/ranked-board.ts";
import { createRunningSeasons, type RunningSeasons } from "../seasons/running-seasons.ts";
import { toSeasonFields } from "../seasons/season-fields.ts";
import { createReadAround } from "./around/read-around.ts";
import { createReadWindow } from "./around/read-window.ts";
import { type GivenScore, toScorePosition } from "./around/score-position.ts";
import { askGroups, refuseMissing } from "./groups/ask-groups.ts";
import { createShardGroups, type ShardGroup } from "./groups/shard-groups.ts";
import { type Cursor, type Cursors, createCursors } from "./pages/cursors.ts";
import { openCursor } from "./pages/open-cursor.ts";
import { isOfBest, type Page, THE_BEST, toLinks } from "./pages/page.ts";
import { createReadPage } from "./pages/read-page.ts";
import { createReadSamples } from "./pages/read-samples.ts";
import { createReadPlace } from "./rank/read-place.ts";
import { createReadRank } from "./rank/read-rank.ts";
import { sumStandings } from "./rank/standing.ts";
import { createReadRanks } from "./ranks/read-ranks.ts";
import { type Archive, createReadSeason, type ReadOptions } from "./read-season.ts";
import { archivesUnavailable, type Position, SeasonGone } from "./shard-entry.ts";
import { createReadTop } from "./top/read-top.ts";
import type { CachedViewTop } from "./top/top-cache.ts";

/** Which entries of a board a page has: the best unless given. */
export interface PageOptions extends ReadOptions {
  /** The rank of the first entry. */
  from?: number | undefined;
  /** The `next` or `prev` of an answer, which comes before `from`. */
  cursor?: string | undefined;
}

/**
 * Reads over the union of a view's shards, exact in the total order. A read of the present never
 * touches PostgreSQL, which has the final seasons. An answer is of one season on all shards.
 *
 * All throw Problem `board_not_found`, `season_not_found`, `season_unknown`,
 * `archives_unavailable`, `invalid_request` for a season of a board without any, what the reader is
 * refused with, and `region_unavailable` when a region of the view does not answer; with
 * `allowsPartial` only when no region does, or when the player looked for may be in one that does
 * not.
 */
export interface Boards {
  /** The best `limit` entries: the same, immutable object while nothing changes. */
  top(view: string, board: string, limit: number, options?: ReadOptions): Promise<BestView>;
  /**
   * A page of `limit` entries with its cursors, as JSON. That of the best is encoded once while
   * nothing changes.
   *
   * @throws Problem `invalid_request` for a cursor of another board or region
   */
  topBody(view: string, board: string, limit: number, options?: PageOptions): Promise<SharedBody>;
  /** @throws Problem `not_ranked` */
  rank(view: string, board: string, userId: string, options?: ReadOptions): Promise<RankView>;
  /**
   * Those of the players who are ranked, the best first. Each id is given once. In a partial answer
   * the others are `unknown` where they may be in a missing region.
   */
  ranks(view: string, board: string, userIds: readonly string[], options?: ReadOptions): Promise<RanksView>;
  /** The player with up to `range` neighbours a side. @throws Problem `not_ranked` */
  around(view: string, board: string, userId: string, range: number, options?: ReadOptions): Promise<AroundView>;
  /**
   * The neighbours of a score that no entry needs to have, and the rank that one with this score
   * would have.
   *
   * @throws Problem `invalid_request` for a score that is none of the board
   */
  aroundScore(
    view: string,
    board: string,
    given: GivenScore,
    range: number,
    options?: ReadOptions,
  ): Promise<AroundScoreView>;
  /**
   * The entries, and those ahead of a position that was just written, or with `ties` as shared the
   * better ones, on the other shards of the view, in the season of the write.
   */
  standOnOthers(view: string, board: string, position: Position, written: WrittenAt): Promise<Stood>;
}

/** Where a position was written. */
export interface WrittenAt {
  holder: Shard;
  /** 0 on a board without seasons. */
  season: number;
  /** `arrival` unless given. */
  ties?: Ties;
}

/** Where a position stands among the entries of some shards. */
export interface Stood {
  before: number;
  total: number;
}

/** A page, and what its cursors name. */
interface FoundPage {
  board: RankedBoard;
  page: Pick<CachedViewTop, "view" | "ends" | "body">;
}

const encoder = new TextEncoder();

/**
 * @param definitions the boards as this ranker knows them
 * @param seasons those that run, likewise
 * @param archive final seasons; without it they cannot be read
 * @param cursors those of this process alone unless given
 */
export function createBoards(
  topology: Topology,
  redisOf: (region: string) => Redis,
  definitions: Definitions,
  seasons: RunningSeasons = createRunningSeasons({ topology, redisOf }),
  archive?: Archive,
  cursors: Cursors = createCursors(),
): Boards {
  const shardGroups = createShardGroups(topology, redisOf);
  const readRank = createReadRank(topology);
  const readWindow = createReadWindow(topology);
  const readPlace = createReadPlace(readRank, readWindow);
  const readAround = createReadAround(readWindow);
  const readRanks = createReadRanks(topology, readWindow);
  const readTop = createReadTop(topology);
  const readPage = createReadPage(readWindow, createReadSamples(topology));
  const readAs = createReadAs(definitions);
  const read = createReadSeason({ topology, shardGroups, definitions, readAs, seasons, archive });

  /** A page of a season. That of the best is the object that keeps its body. */
  const pageOf = (view: string, id: string, page: Page, options: ReadOptions, cursor?: Cursor) =>
    read<FoundPage>(
      { view, id, options, cursor },
      {
        live: async ({ groups }, question) => ({
          board: question.board,
          page: await (isOfBest(page.start) ? readTop : readPage)(groups, { ...question, ...page }),
        }),
        archived: async (archives, question) => ({
          board: question.board,
          page: await archives.page(question, page),
        }),
      },
    );

  function toBody(view: string, { board, page }: FoundPage): SharedBody {
    const { id, born, number } = board;
    const links = toLinks(cursors, { view, board: id, born, season: number }, page.ends);
    return shareBody(encoder.encode(JSON.stringify({ ...page.view, ...links })));
  }

  return {
    top: async (view, id, limit, options = {}) =>
      (await pageOf(view, id, { start: THE_BEST, limit }, options)).page.view,

    async topBody(view, id, limit, { from = 1, cursor: text, ...options } = {}) {
      const cursor = text === undefined ? undefined : openCursor(cursors, text, { view, board: id });
      const found = await pageOf(view, id, { start: cursor ?? { ahead: from - 1 }, limit }, options, cursor);
      found.page.body ??= toBody(view, found);
      return found.page.body;
    },

    rank: (view, id, userId, options = {}) =>
      read(
        { view, id, options },
        {
          live: (over, question) => readPlace(over, { ...question, userId }),
          archived: (archives, question) => archives.rank(question, userId),
        },
      ),

    ranks: (view, id, userIds, options = {}) =>
      read(
        { view, id, options },
        {
          live: async (over, question) => ({
            ...(await readRanks(over, { ...question, userIds })),
            ...toSeasonFields(question.running),
          }),
          archived: (archives, question) => archives.ranks(question, userIds),
        },
      ),

    around: (view, id, userId, range, options = {}) =>
      read(
        { view, id, options },
        {
          live: async (over, question) => ({
            ...(await readAround.player(over, { ...question, userId }, range)),
            ...toSeasonFields(question.running),
          }),
          archived: (archives, question) => archives.around(question, userId, range),
        },
      ),

    aroundScore: (view, id, given, range, options = {}) =>
      read(
        { view, id, options },
        {
          live: async (over, question) => ({
            ...(await readAround.score(over, { ...question, at: toScorePosition(question.board, given) }, range)),
            ...toSeasonFields(question.running),
          }),
          archived: (archives, question) =>
            archives.aroundScore(question, toScorePosition(question.board, given), range),
        },
      ),

    async standOnOthers(view, id, position, { holder, season, ties = "arrival" }) {
      const { found, missing } = await readAs(id, (board) => {
        // The season of the write may have ended since.
        const ranked = keptSeason(rankedIn(board, season));
        const count = (group: ShardGroup) => readRank({ group, board: ranked, ties }, position);
        return shardGroups.over(view, (groups) => askGroups(groups, count), holder);
      }).catch((error) => {
        throw error instanceof SeasonGone ? archivesUnavailable() : error;
      });
      refuseMissing(missing);
      return sumStandings(found);
    },
  };
}
