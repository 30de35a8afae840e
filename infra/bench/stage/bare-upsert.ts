import postgres from "postgres";
import type { ScoreEvent } from "shared/model/events";
import { toArrayLiteral } from "../../../drainer/src/postgres/array-literal.ts";

/** One connection that does nothing but write rows. */
export interface BareUpsert extends AsyncDisposable {
  /** One statement. @returns its duration in milliseconds, without the time to make text of the rows */
  write(rows: readonly ScoreEvent[]): Promise<number>;
}

/** The least that a batch of rows costs PostgreSQL: an upsert of arrays that compares no versions. */
export function openBareUpsert(url: string): BareUpsert {
  const sql = postgres(url, { max: 1, onnotice: () => {}, fetch_types: false });
  return {
    async write(rows) {
      const column = (name: Exclude<keyof ScoreEvent, "traceparent">) => toArrayLiteral(rows.map((row) => row[name]));
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
    },
    [Symbol.asyncDispose]: () => sql.end(),
  };
}
