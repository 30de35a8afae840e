import { readScoreEvent, type ScoreEvent, scoreEventSchema } from "shared/model/events";
import type { EventKind, Upsert } from "../drain/event-kind.ts";
import { toArrayLiteral } from "../postgres/array-literal.ts";
import type { Sql } from "../postgres/connect-postgres.ts";
import { admit } from "./admission.ts";
import { eraseEntries } from "./erase-rows.ts";
import { upsertVisibility } from "./upsert-visibility.ts";
import { isNotDeleted, isNotErased, mayReplace, toTime, type UpsertOptions } from "./version-rule.ts";

/**
 * Prepares one autocommit statement: the client `postgres` can end the process when a backend dies
 * inside a transaction. Each column is the literal of an array, made before the statement has its
 * turn.
 */
function prepare(events: readonly ScoreEvent[], { replaces, origin }: UpsertOptions): Upsert {
  const column = (name: Exclude<keyof ScoreEvent, "traceparent">) => toArrayLiteral(events.map((event) => event[name]));
  const board = column("board");
  const boards = new Set(events.map((event) => event.board));
  const userId = column("user_id");
  const name = column("name");
  const region = column("region");
  const score = column("score");
  const reachedAt = column("reached_at");
  const updatedAt = column("updated_at");
  return async (sql) => {
    const written = await sql`
      INSERT INTO leaderboard (board, user_id, name, region, score, reached_at, updated_at)
      SELECT board, user_id, name, region, score, ${toTime(sql, "reached_at")}, ${toTime(sql, "updated_at")}
      FROM unnest(
        ${board}::text[], ${userId}::text[], ${name}::text[], ${region}::text[],
        ${score}::bigint[], ${reachedAt}::bigint[], ${updatedAt}::bigint[]
      ) AS event (board, user_id, name, region, score, reached_at, updated_at)
      WHERE ${admit(sql, origin, events)} AND ${isNotErased(sql, sql`event.region`)} AND ${isNotDeleted(sql, boards)}
      ON CONFLICT (board, user_id) DO UPDATE
      SET name = excluded.name, region = excluded.region, score = excluded.score,
          reached_at = excluded.reached_at, updated_at = excluded.updated_at
      WHERE ${mayReplace(sql, "leaderboard", "updated_at", replaces)}`;
    return written.count;
  };
}

/** Writes the newest state of each entry. @returns the number of rows that changed */
export const upsertScores = (sql: Sql, events: readonly ScoreEvent[]): Promise<number> =>
  prepare(events, { replaces: "older" })(sql);

/** The same for rows that are known to be wrong: a row as new is replaced, a newer one stays. */
export const overwriteScores = (sql: Sql, events: readonly ScoreEvent[]): Promise<number> =>
  prepare(events, { replaces: "as new" })(sql);

/** Scores on any board: a ranker writes to those alone that exist. */
export const scoreEvents: EventKind<ScoreEvent> = {
  schema: scoreEventSchema,
  keyOf: ({ board, user_id }) => `${board}\n${user_id}`,
  read: readScoreEvent,
  upsert: (events, origin) => prepare(events, { replaces: "older", origin }),
  erase: eraseEntries,
  setVisibility: upsertVisibility,
};
