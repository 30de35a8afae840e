import { Problem } from "shared/api/problems";
import { type BoardRevision, putBoards } from "shared/boards/put-boards";
import type { Topology } from "shared/model/regions";
import { failAs } from "shared/redis/redis-problem";
import type { Stores } from "shared/stores/stores";

/**
 * Writes the revision of a board on every shard, so that no ranker goes by an older one from then
 * on. It may be repeated; a higher revision stays.
 *
 * @throws Problem `outcome_unknown` where a shard does not answer: the others have it
 */
export type TellShards = (board: BoardRevision) => Promise<void>;

export const createTellShards =
  (topology: Topology, stores: Pick<Stores, "of">): TellShards =>
  async (board) => {
    const told = await Promise.allSettled(
      topology.shards.map(async (shard) => failAs("read", putBoards(stores.of(shard.region), shard, [board]))),
    );
    const failed = told.find(({ status }) => status === "rejected");
    if (failed === undefined) return;
    const detail = "The change is kept, but a region does not answer. Repeat the request until it is answered.";
    throw new Problem("outcome_unknown", detail, { cause: (failed as PromiseRejectedResult).reason });
  };
