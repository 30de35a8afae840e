import { type ScoreEvent, scoreEventSchema } from "shared/model/events";
import type { Topology } from "shared/model/regions";
import type { EventKind, Upsert } from "../drain/event-kind.ts";
import { readScoreEvent } from "../drain/read-score-event.ts";
import { toArrayLiteral } from "../postgres/array-literal.ts";
import type { Sql } from "../postgres/connect-postgres.ts";
import { admit, type BatchOrigin } from "./admission.ts";
import { eraseEntries } from "./erase-rows.ts";
import { upsertVisibility } from "./upsert-visibility.ts";

/** Where a row is there already, what decides whether the event replaces it. */
const isOlder = (sql: Sql) => sql`leaderboard.updated_at < excluded.updated_at`;
const isNotNewer = (sql: Sql) => sql`leaderboard.updated_at <= excluded.updated_at`;

type Fragment = ReturnType<typeof isOlder>;

const COLUMNS = ["board", "user_id", "name", "region", "score", "reached_at", "updated_at"] as const;
type Columns = Record<(typeof COLUMNS)[number], string>;

/** What a statement takes of events, as text. */
const toColumns = (events: readonly ScoreEvent[]) =>
  Object.fromEntries(COLUMNS.map((name) => [name, toArrayLiteral(events.map((event) => event[name]))])) as Columns;

/**
 * One autocommit statement: `postgres` can end the process when a backend dies inside a transaction. Each column
 * is the literal of an array. What is older than an erasure of its player is left out.
 */
function write(sql: Sql, columns: Columns, { mayReplace, admission }: { mayReplace: Fragment; admission: Fragment }) {
  return sql`
    INSERT INTO leaderboard (board, user_id, name, region, score, reached_at, updated_at)
    SELECT board, user_id, name, region, score,
           'epoch'::timestamptz + reached_at * interval '1 microsecond',
           'epoch'::timestamptz + updated_at * interval '1 microsecond'
    FROM unnest(
      ${columns.board}::text[], ${columns.user_id}::text[], ${columns.name}::text[], ${columns.region}::text[],
      ${columns.score}::bigint[], ${columns.reached_at}::bigint[], ${columns.updated_at}::bigint[]
    ) AS event (board, user_id, name, region, score, reached_at, updated_at)
    WHERE ${admission} AND NOT EXISTS (
      SELECT FROM erasures
      WHERE erasures.scope = event.region AND erasures.user_id = event.user_id
        AND erasures.erased_at >= 'epoch'::timestamptz + event.updated_at * interval '1 microsecond'
    )
    ON CONFLICT (board, user_id) DO UPDATE
    SET name = excluded.name, region = excluded.region, score = excluded.score,
        reached_at = excluded.reached_at, updated_at = excluded.updated_at
    WHERE ${mayReplace}`;
}

/** What writes the newest state of each entry; a row that is as new or newer stays. */
function toUpsert(events: readonly ScoreEvent[], origin?: BatchOrigin): Upsert {
  const columns = toColumns(events);
  return async (sql) => {
    const parts = { mayReplace: isOlder(sql), admission: admit(sql, origin, events) };
    return (await write(sql, columns, parts)).count;
  };
}

/** Writes it. @returns the rows that changed */
export const upsertScores = (sql: Sql, events: readonly ScoreEvent[]) => toUpsert(events)(sql);

/** The same for rows whose contents are known to be wrong: a row that is as new is replaced, a newer one stays. */
export async function overwriteScores(sql: Sql, events: readonly ScoreEvent[]): Promise<number> {
  const parts = { mayReplace: isNotNewer(sql), admission: admit(sql, undefined, events) };
  return (await write(sql, toColumns(events), parts)).count;
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
  upsert: toUpsert,
  erase: eraseEntries,
  setVisibility: upsertVisibility,
});
