import type { Shard } from "shared/model/regions";
import { boardKeys } from "shared/redis/keys";

/** One board of one shard. */
export interface BoardOnShard {
  shard: Shard;
  board: string;
  /** The Redis keys, by the names that scripts have for them. */
  keys: ReturnType<typeof boardKeys>;
}

/** Returns the same object for the same board and shard, so that calls can be gathered by it. */
export function createBoardOnShard(): (shard: Shard, board: string) => BoardOnShard {
  const byBoard = new Map<string, Map<Shard, BoardOnShard>>();
  return (shard, board) => {
    const byShard = byBoard.get(board) ?? new Map<Shard, BoardOnShard>();
    const known = byShard.get(shard);
    if (known !== undefined) return known;
    const created = { shard, board, keys: boardKeys(shard, board) };
    byBoard.set(board, byShard.set(shard, created));
    return created;
  };
}
