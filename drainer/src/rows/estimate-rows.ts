import { boardsOnShard } from "shared/boards/boards-on-shard";
import type { Shard } from "shared/model/regions";
import type { Database } from "shared/postgres/database";
import { boardKey } from "shared/redis/keys";
import type { Sides } from "../subjects/sides.ts";

/**
 * The number of rows of a table by the statistics of PostgreSQL, 0 where it has none. Good enough
 * for a progress bar; counting a large table would outlast the deadline of the database.
 */
export async function estimateRows(database: Database, table: "leaderboard" | "accounts"): Promise<number> {
  const [row] = await database.run(
    (sql) => sql<{ rows: number }[]>`
      SELECT greatest(reltuples, 0)::float8 AS rows FROM pg_class WHERE oid = ${table}::regclass`,
  );
  return row?.rows ?? 0;
}

/** The number of visible entries of these shards on a board. */
export async function countRanked({ stores }: Pick<Sides, "stores">, shards: readonly Shard[], board: string) {
  const counts = await Promise.all(shards.map((shard) => stores.of(shard.region).zcard(boardKey(shard, board))));
  return sum(counts);
}

/** The same over all boards, a page of them at a time. */
export async function countAllRanked(
  { topology, stores }: Pick<Sides, "topology" | "stores">,
  shards: readonly Shard[],
): Promise<number> {
  let total = 0;
  for (const shard of shards) {
    const redis = stores.of(shard.region);
    for await (const boards of boardsOnShard(redis, shard, topology.configuredBoards)) {
      total += sum(await Promise.all(boards.map((board) => redis.zcard(boardKey(shard, board)))));
    }
  }
  return total;
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
