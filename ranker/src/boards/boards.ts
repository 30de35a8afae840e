import type { AroundView, RankView, TopView } from "shared/api/boards";
import { ANYONE, type Reader, SERVICE } from "shared/auth/reader";
import { type SharedBody, shareBody } from "shared/http/reply";
import type { Board } from "shared/model/board";
import { type Shard, shardsOfView, type Topology } from "shared/model/regions";
import type { Redis } from "shared/redis/redis";
import { admitReader } from "../definitions/admit-reader.ts";
import type { Definitions } from "../definitions/definitions.ts";
import { createReadAs } from "../definitions/read-as.ts";
import { createReadAround } from "./around/read-around.ts";
import { readWindow } from "./around/read-window.ts";
import { askOnlyShard, askShards, NONE_MISSING, refuseMissing, toPartial } from "./ask-shards.ts";
import { toRankView } from "./entry-views.ts";
import { locatePlayer, notRanked } from "./locate-player.ts";
import { createReadRank } from "./rank/read-rank.ts";
import { sumStandings } from "./rank/standing.ts";
import type { Position } from "./shard-entry.ts";
import { createReadTop } from "./top/read-top.ts";

export interface ReadOptions {
  /** Who reads; a caller without a token unless given. */
  reader?: Reader;
  /** Whether the answer may leave out regions that do not answer. */
  allowsPartial?: boolean;
  /** Whether entries come with their metadata. */
  withDetails?: boolean;
}

/**
 * Reads over the union of a view's shards, exact in the total order. A read never touches
 * PostgreSQL.
 *
 * All throw Problem `board_not_found`, what the reader is refused with, and `region_unavailable`
 * when a region of the view does not answer; with `allowsPartial` only when no region does, or when
 * the player looked for may be in one that does not.
 */
export interface Boards {
  /** The best `limit` entries: the same, immutable object while nothing changes. */
  top(view: string, board: string, limit: number, options?: ReadOptions): Promise<TopView>;
  /** The same as JSON, encoded once while nothing changes. */
  topBody(view: string, board: string, limit: number, options?: ReadOptions): Promise<SharedBody>;
  /** @throws Problem `not_ranked` */
  rank(view: string, board: string, userId: string, options?: ReadOptions): Promise<RankView>;
  /** The player with up to `range` neighbours a side. @throws Problem `not_ranked` */
  around(view: string, board: string, userId: string, range: number, options?: ReadOptions): Promise<AroundView>;
  /**
   * The entries, and those ahead of a position that was just written, on the other shards of the
   * view.
   */
  standOnOthers(view: string, board: string, position: Position, holder: Shard): Promise<Stood>;
}

/** Where a position stands among the entries of some shards. */
export interface Stood {
  before: number;
  total: number;
}

const NO_NEIGHBOURS = { above: 0, below: 0 };

const encoder = new TextEncoder();

/** @param definitions the boards as this ranker knows them */
export function createBoards(topology: Topology, redisOf: (region: string) => Redis, definitions: Definitions): Boards {
  const readRank = createReadRank(topology, redisOf);
  const readTop = createReadTop(topology, redisOf);
  const readAround = createReadAround(topology, redisOf);
  const readAs = createReadAs(definitions);
  /** Every definition that a read goes by is asked anew whether the reader may. */
  const as = <T>(id: string, reader: Reader, work: (board: Board) => Promise<T>) =>
    readAs(id, (board) =>
      board.readers === "anyone" ? work(board) : admitReader(definitions, board, reader).then(work),
    );
  return {
    top: async (view, id, limit, { reader = ANYONE, allowsPartial = false, withDetails = false } = {}) =>
      (await as(id, reader, (board) => readTop({ view, board, withDetails, limit, allowsPartial }))).view,

    async topBody(view, id, limit, { reader = ANYONE, allowsPartial = false, withDetails = false } = {}) {
      const top = await as(id, reader, (board) => readTop({ view, board, withDetails, limit, allowsPartial }));
      top.body ??= shareBody(encoder.encode(JSON.stringify(top.view)));
      return top.body;
    },

    rank: (view, id, userId, { reader = ANYONE, allowsPartial = false, withDetails = false } = {}) =>
      as(id, reader, async (board) => {
        const [only, ...others] = shardsOfView(topology, view);
        if (only !== undefined && others.length === 0 && !withDetails) {
          // The most frequent question: one shard answers it whole, without the steps over several.
          const { self, before, total } = await askOnlyShard(only, readRank(only, board, { userId }));
          if (self === undefined || before === undefined) throw notRanked(view, board.id, userId);
          return toRankView(board, self, 1 + before, total, toPartial(NONE_MISSING, allowsPartial));
        }
        const { self, found, partial } = await locatePlayer(
          topology,
          { view, board, withDetails, userId, allowsPartial },
          (shard, target) =>
            withDetails
              ? readWindow(redisOf(shard.region), topology, { shard, board, withDetails, target, size: NO_NEIGHBOURS })
              : readRank(shard, board, target),
        );
        const { before, total } = sumStandings(found);
        return toRankView(board, self, 1 + before, total, partial);
      }),

    around: (view, id, userId, range, { reader = ANYONE, allowsPartial = false, withDetails = false } = {}) =>
      as(id, reader, (board) => readAround({ view, board, withDetails, userId, allowsPartial }, range)),

    async standOnOthers(view, id, position, holder) {
      const others = shardsOfView(topology, view).filter((shard) => shard !== holder);
      const { found, missing } = await as(id, SERVICE, (board) =>
        askShards(others, (shard) => readRank(shard, board, position)),
      );
      refuseMissing(missing);
      return sumStandings(found);
    },
  };
}
