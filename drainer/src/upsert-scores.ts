import { type ScoreEvent, scoreEventSchema } from "shared/events";
import type { Topology } from "shared/regions";
import type { Sql } from "./database.ts";
import type { EventKind } from "./drain.ts";
import { eraseEntries } from "./erase-rows.ts";
import { readScoreEvent } from "./read-score-event.ts";
import { upsertVisibility } from "./upsert-visibility.ts";

/** Where a row is there already, what decides whether the event replaces it. */
const isOlder = (sql: Sql) => sql`leaderboard.updated_at < excluded.updated_at`;
const isNotNewer = (sql: Sql) => sql`leaderboard.updated_at <= excluded.updated_at`;

/**
 * One autocommit statement: `postgres` can end the process when a backend dies inside a transaction. All columns
 * travel as text, which alone every array parameter takes. What is older than an erasure of its player is left out.
 */
function write(sql: Sql, events: readonly ScoreEvent[], mayReplace: ReturnType<typeof isOlder>) {
  const column = (name: Exclude<keyof ScoreEvent, "traceparent">) => events.map((event) => event[name]);
  return sql`
    INSERT INTO leaderboard (board, user_id, name, region, score, reached_at, updated_at)
    SELECT board, user_id, name, region, score::bigint,
           'epoch'::timestamptz + reached_at::bigint * interval '1 microsecond',
           'epoch'::timestamptz + updated_at::bigint * interval '1 microsecond'
    FROM unnest(
      ${column("board")}::text[], ${column("user_id")}::text[], ${column("name")}::text[], ${column("region")}::text[],
      ${column("score")}::text[], ${column("reached_at")}::text[], ${column("updated_at")}::text[]
    ) AS event (board, user_id, name, region, score, reached_at, updated_at)
    WHERE NOT EXISTS (
      SELECT FROM erasures
      WHERE erasures.scope = event.region AND erasures.user_id = event.user_id
        AND erasures.erased_at >= 'epoch'::timestamptz + event.updated_at::bigint * interval '1 microsecond'
    )
    ON CONFLICT (board, user_id) DO UPDATE
    SET name = excluded.name, region = excluded.region, score = excluded.score,
        reached_at = excluded.reached_at, updated_at = excluded.updated_at
    WHERE ${mayReplace}`;
}

/**
 * Writes the newest state of each entry; a row that is as new or newer stays.
 *
 * @returns the rows that changed
 */
export async function upsertScores(sql: Sql, events: readonly ScoreEvent[]): Promise<number> {
  return (await write(sql, events, isOlder(sql))).count;
}

/** The same for rows whose contents are known to be wrong: a row that is as new is replaced, a newer one stays. */
export async function overwriteScores(sql: Sql, events: readonly ScoreEvent[]): Promise<number> {
  return (await write(sql, events, isNotNewer(sql))).count;
}

/** Scores on the configured boards: an event of another one is refused, because no read and no restore would find it. */
export const scoreEventsOf = ({ boards }: Topology): EventKind<ScoreEvent> => ({
  schema: scoreEventSchema.refine(({ board }) => boards.includes(board), {
    path: ["board"],
    message: `must be one of ${boards.join(", ")}`,
  }),
  keyOf: ({ board, user_id }) => `${board}\n${user_id}`,
  read(text) {
    const event = readScoreEvent(text);
    return event !== undefined && boards.includes(event.board) ? event : undefined;
  },
  upsert: upsertScores,
  erase: eraseEntries,
  setVisibility: upsertVisibility,
});
