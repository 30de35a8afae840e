import { Problem } from "shared/api/problems";
import { type BoardRevision, putBoards } from "shared/boards/put-boards";
import type { Board } from "shared/model/board";
import type { Topology } from "shared/model/regions";
import { failAs } from "shared/redis/redis-problem";
import type { Stores } from "shared/stores/stores";
import { NO_PLANS, type SeasonPlans } from "./season-plans.ts";

/**
 * Writes the revision of a board on every shard, so that no ranker goes by an older one from then
 * on, and the plan of its seasons. It may be repeated; a higher revision stays.
 *
 * @param board.plan is read where it is left out and the board is open
 * @throws Problem `outcome_unknown` where a shard does not answer: the others have it
 */
export type TellShards = (board: Board & Pick<BoardRevision, "plan">) => Promise<void>;

export const createTellShards =
  (topology: Topology, stores: Pick<Stores, "of">, plans: Pick<SeasonPlans, "read"> = NO_PLANS): TellShards =>
  async (board) => {
    const isPlanned = board.plan === undefined && board.state === "open" && board.has_seasons;
    const plan = isPlanned ? (await plans.read([board])).get(board.id) : board.plan;
    const told = await Promise.allSettled(
      topology.shards.map(async (shard) =>
        failAs("read", putBoards(stores.of(shard.region), shard, [{ ...board, plan }])),
      ),
    );
    const failed = told.find(({ status }) => status === "rejected");
    if (failed === undefined) return;
    const detail = "The change is kept, but a region does not answer. Repeat the request until it is answered.";
    throw new Problem("outcome_unknown", detail, { cause: (failed as PromiseRejectedResult).reason });
  };
