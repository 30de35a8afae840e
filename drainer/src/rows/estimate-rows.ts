import type { Shard } from "shared/model/regions";
import { boardKey } from "shared/redis/keys";
import type { Database } from "../postgres/database.ts";
import type { Sides } from "../subjects/subjects.ts";

/**
 * How many rows a table has, as PostgreSQL last guessed; 0 where it never has. For a bar alone: counting a large table
 * would take longer than a use of the database may.
 */
export async function estimateRows(database: Database, table: "leaderboard" | "accounts"): Promise<number> {
  const [row] = await database.run(
    (sql) => sql<{ rows: number }[]>`
      SELECT greatest(reltuples, 0)::float8 AS rows FROM pg_class WHERE oid = ${table}::regclass`,
  );
  return row?.rows ?? 0;
}

/** How many entries these shards have on a board, as their rankings stand. */
export async function countRanked({ stores }: Pick<Sides, "stores">, shards: readonly Shard[], board: string) {
  const counts = await Promise.all(shards.map((shard) => stores.of(shard.region).zcard(boardKey(shard, board))));
  return counts.reduce((sum, count) => sum + count, 0);
}
