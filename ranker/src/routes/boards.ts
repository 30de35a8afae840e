import type { RankView } from "shared/api/boards";
import type { Ties } from "shared/api/fields";
import type { RankerOperations } from "shared/api/operations";
import { Problem } from "shared/api/problems";
import type { BoardPlace, PlayerBoardsView } from "shared/api/reads/ranks";
import { ANYONE, type Reader } from "shared/auth/reader";
import { createCoalesce } from "shared/http/coalesce";
import { unlessMatched, withEtag } from "shared/http/etag";
import type { Incoming } from "shared/http/incoming";
import { jsonReply, type Reply, type SharedBody } from "shared/http/reply";
import type { Route } from "shared/http/serve";
import type { Boards } from "../boards/boards.ts";
import type { ReadOptions } from "../boards/read-season.ts";
import type { SeasonName } from "../seasons/in-season.ts";
import { toItemProblem } from "./item-problem.ts";
import type { ToRoute } from "./to-route.ts";

export interface BoardRouteDeps {
  boards: Boards;
  /** Called with the board of each answer. */
  onRead: (board: string) => void;
}

/**
 * `GET /top`, `/rank/:userId`, `/around/:userId`, `/around` and `/players/:userId/boards`, and
 * `POST /ranks`: open to all who may read the board.
 */
export function boardRoutes(
  { top, rank, around, aroundScore, ranks, playerBoards }: RankerOperations,
  toRoute: ToRoute,
  { boards, onRead }: BoardRouteDeps,
): Record<"top" | "rank" | "around" | "aroundScore" | "ranks" | "playerBoards", Route> {
  // Requests for the same top at the same time share one read. For 64 at once that is 3 µs of the
  // ranker's CPU and 0.3 of Redis' for each, instead of 14 and 3.
  const readTop = createCoalesce<SharedBody>();

  function answer(reply: Reply, query: ReadQuery & { board: string }, incoming: Incoming): Reply {
    onRead(query.board);
    return ofSeason(reply, query, incoming);
  }

  return {
    top: toRoute(top, async ({ query, caller, incoming }) => {
      const { region, board, limit, partial, with: extra, season, ties, from, cursor } = query;
      const read = (reader: Reader) =>
        boards.topBody(region, board, limit, { ...toOptions(reader, query), from, cursor });
      // What is read for a caller with a token may be for that caller alone.
      const isOwn = incoming.headers.get("authorization") !== null;
      const key = `${region} ${board} ${limit} ${partial} ${extra} ${season} ${ties} ${from} ${cursor}`;
      const body = await (isOwn ? read(caller) : readTop(key, () => read(ANYONE)));
      return answer({ status: 200, body }, query, incoming);
    }),
    rank: toRoute(rank, async ({ params: { userId }, query, caller, incoming }) =>
      answer(
        jsonReply(await boards.rank(query.region, query.board, userId, toOptions(caller, query))),
        query,
        incoming,
      ),
    ),
    around: toRoute(around, async ({ params: { userId }, query, caller, incoming }) => {
      const { region, board, range } = query;
      const view = await boards.around(region, board, userId, range, toOptions(caller, query));
      return answer(jsonReply(view), query, incoming);
    }),
    aroundScore: toRoute(aroundScore, async ({ query, caller, incoming }) => {
      const { region, board, range } = query;
      const view = await boards.aroundScore(region, board, query, range, toOptions(caller, query));
      return answer(jsonReply(view), query, incoming);
    }),
    ranks: toRoute(ranks, async ({ body, caller }) => {
      const { region, board, ids } = body;
      const view = await boards.ranks(region, board, [...new Set(ids)], toOptions(caller, body));
      onRead(board);
      return jsonReply(view);
    }),
    playerBoards: toRoute(playerBoards, async ({ params: { userId }, query, caller }) => {
      const { region, boards: ids } = query;
      const read = (board: string) => boards.rank(region, board, userId, toOptions(caller, query));
      const places = await Promise.all(ids.map((board) => toPlace(board, read(board))));
      for (const { board, status } of places) if (status === 200) onRead(board);
      const view: PlayerBoardsView = { user_id: userId, region, boards: places };
      return jsonReply(view);
    }),
  };
}

/** @throws Problem that says that the caller may not read the board; what is no Problem */
async function toPlace(board: string, rank: Promise<RankView>): Promise<BoardPlace> {
  try {
    return { board, status: 200, ...(await rank) };
  } catch (error) {
    if (!(error instanceof Problem) || error.status === 401 || error.status === 403) throw error;
    return { board, ...toItemProblem(error) };
  }
}

/**
 * What is read of a named season changes little, and not at all once that has ended: such an answer
 * has a tag. That of the season which runs has none, so that the busiest reads pay for none.
 */
const ofSeason = (reply: Reply, { season = "current" }: ReadQuery, { headers }: Incoming): Reply =>
  season === "current" ? reply : unlessMatched(withEtag(reply), headers);

interface ReadQuery {
  partial?: "allow" | undefined;
  with?: "metadata" | undefined;
  season?: SeasonName | undefined;
  ties: Ties;
}

const toOptions = (reader: Reader, { partial, with: extra, season = "current", ties }: ReadQuery): ReadOptions => ({
  reader,
  allowsPartial: partial === "allow",
  withDetails: extra === "metadata",
  season,
  ties,
});
