import type { Sql } from "postgres";
import type { ScoreEvent } from "shared/model/events";
import { toArrayLiteral } from "shared/postgres/array-literal";

type Column = "board" | "user_id" | "name" | "region" | "score" | "reached_at" | "updated_at";

/**
 * Writes rows with the least that PostgreSQL needs for them: an upsert of arrays that compares no
 * versions.
 *
 * @returns the duration of the statement in milliseconds, without the time to make text of the rows
 */
export async function upsertBare(sql: Sql, rows: readonly ScoreEvent[]): Promise<number> {
  const column = (name: Column) => toArrayLiteral(rows.map((row) => row[name]));
  const [board, userId, name, region] = [column("board"), column("user_id"), column("name"), column("region")];
  const [score, reachedAt, updatedAt] = [column("score"), column("reached_at"), column("updated_at")];
  const startedAt = performance.now();
  await sql`
    INSERT INTO leaderboard (board, user_id, name, region, score, reached_at, updated_at)
    SELECT board, user_id, name, region, score::bigint,
           'epoch'::timestamptz + reached_at::bigint * interval '1 microsecond',
           'epoch'::timestamptz + updated_at::bigint * interval '1 microsecond'
    FROM unnest(
      ${board}::text[], ${userId}::text[], ${name}::text[], ${region}::text[],
      ${score}::text[], ${reachedAt}::text[], ${updatedAt}::text[]
    ) AS event (board, user_id, name, region, score, reached_at, updated_at)
    ON CONFLICT (board, user_id) DO UPDATE
    SET name = excluded.name, region = excluded.region, score = excluded.score,
        reached_at = excluded.reached_at, updated_at = excluded.updated_at`;
  return performance.now() - startedAt;
}
