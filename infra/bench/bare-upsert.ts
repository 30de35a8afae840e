import postgres from "postgres";
import type { ScoreEvent } from "shared/model/events";

/** One connection that does nothing but write rows. */
export interface BareUpsert {
  /** One statement. @returns the milliseconds from its start to its end, without what makes text of the rows */
  write(rows: readonly ScoreEvent[]): Promise<number>;
  close(): Promise<void>;
}

/**
 * What a batch of rows costs PostgreSQL at the least: the upsert of arrays, over one connection, one statement after
 * another. It knows no versions: who comes last is right.
 */
export function openBareUpsert(url: string): BareUpsert {
  const sql = postgres(url, { max: 1, onnotice: () => {}, fetch_types: false });
  return {
    async write(rows) {
      const column = (name: Exclude<keyof ScoreEvent, "traceparent">) => toArray(rows.map((row) => row[name]));
      const columns = {
        board: column("board"),
        user_id: column("user_id"),
        name: column("name"),
        region: column("region"),
        score: column("score"),
        reached_at: column("reached_at"),
        updated_at: column("updated_at"),
      };
      const startedAt = performance.now();
      await sql`
        INSERT INTO leaderboard (board, user_id, name, region, score, reached_at, updated_at)
        SELECT board, user_id, name, region, score::bigint,
               'epoch'::timestamptz + reached_at::bigint * interval '1 microsecond',
               'epoch'::timestamptz + updated_at::bigint * interval '1 microsecond'
        FROM unnest(
          ${columns.board}::text[], ${columns.user_id}::text[], ${columns.name}::text[], ${columns.region}::text[],
          ${columns.score}::text[], ${columns.reached_at}::text[], ${columns.updated_at}::text[]
        ) AS event (board, user_id, name, region, score, reached_at, updated_at)
        ON CONFLICT (board, user_id) DO UPDATE
        SET name = excluded.name, region = excluded.region, score = excluded.score,
            reached_at = excluded.reached_at, updated_at = excluded.updated_at`;
      return performance.now() - startedAt;
    },
    close: () => sql.end(),
  };
}

/** A `text[]` literal; nothing here has quotes or backslashes in it. */
const toArray = (items: readonly string[]) => `{${items.map((item) => `"${item}"`).join(",")}}`;
