import { readScoreEvent, type ScoreEvent, scoreEventSchema } from "shared/model/events";
import { toArrayLiteral, toSparseLiteral } from "shared/postgres/array-literal";
import type { Sql } from "shared/postgres/connect-postgres";
import { editEntries } from "../archive/edit-entries.ts";
import { upsertSeasonEnds } from "../archive/upsert-season-ends.ts";
import type { EventKind, Upsert } from "../drain/event-kind.ts";
import { admit, admitSeasons } from "./admission.ts";
import { eraseEntries, removeEntries } from "./erase-rows.ts";
import type { EntryRow } from "./read-entries.ts";
import { upsertVisibility } from "./upsert-visibility.ts";
import {
  inOrder,
  isNotDeleted,
  isNotErased,
  isNotFrozen,
  isNotRemoved,
  mayReplace,
  toTime,
  type UpsertOptions,
} from "./version-rule.ts";

type Sometimes = "sort_key" | "sub" | "sub_key" | "attempts" | "metadata";
type Always = Exclude<keyof ScoreEvent, Sometimes | "traceparent">;

interface ScoreOptions extends UpsertOptions {
  /** What becomes of entries of a season that is archived; an event must not vanish. */
  archived?: "left out" | "refused";
}

/**
 * Prepares one autocommit statement: the client `postgres` can end the process when a backend dies
 * inside a transaction. Each column is the literal of an array, made before the statement has its
 * turn.
 */
function prepare(
  events: readonly (ScoreEvent | EntryRow)[],
  { replaces, origin, archived = "left out" }: ScoreOptions,
): Upsert {
  const column = (name: Always) => toArrayLiteral(events.map((event) => event[name]));
  const sparse = (name: Sometimes) => toSparseLiteral(events.map((event) => event[name]));
  const board = column("board");
  const boards = new Set(events.map((event) => event.board));
  const userId = column("user_id");
  const name = column("name");
  const region = column("region");
  const score = column("score");
  const reachedAt = column("reached_at");
  const updatedAt = column("updated_at");
  const sortKey = sparse("sort_key");
  const sub = sparse("sub");
  const subKey = sparse("sub_key");
  const attempts = sparse("attempts");
  const metadata = sparse("metadata");
  return async (sql) => {
    const written = await sql`
      INSERT INTO leaderboard (
        board, user_id, name, region, score, reached_at, updated_at, sort_key, sub, sub_key, attempts, metadata
      )
      SELECT board, user_id, name, region, score, ${toTime(sql, "reached_at")}, ${toTime(sql, "updated_at")},
        sort_key, sub, sub_key, attempts, metadata::json
      FROM unnest(
        ${board}::text[], ${userId}::text[], ${name}::text[], ${region}::text[],
        ${score}::bigint[], ${reachedAt}::bigint[], ${updatedAt}::bigint[],
        ${sortKey}::bigint[], ${sub}::bigint[], ${subKey}::bigint[], ${attempts}::bigint[], ${metadata}::text[]
      ) WITH ORDINALITY AS event (
        board, user_id, name, region, score, reached_at, updated_at, sort_key, sub, sub_key, attempts, metadata, place
      )
      WHERE ${admit(sql, origin, events)} AND ${isNotErased(sql, sql`event.region`)} AND ${isNotDeleted(sql, boards)}
        AND ${isNotRemoved(sql, events)}
        AND ${archived === "refused" ? admitSeasons(sql, events) : isNotFrozen(sql)}
      ${inOrder(sql)}
      ON CONFLICT (board, user_id) DO UPDATE
      SET name = excluded.name, region = excluded.region, score = excluded.score,
          reached_at = excluded.reached_at, updated_at = excluded.updated_at, sort_key = excluded.sort_key,
          sub = excluded.sub, sub_key = excluded.sub_key, attempts = excluded.attempts, metadata = excluded.metadata
      WHERE ${mayReplace(sql, "leaderboard", "updated_at", replaces)}`;
    return written.count;
  };
}

/** Writes the newest state of each entry. @returns the number of rows that changed */
export const upsertScores = (sql: Sql, events: readonly EntryRow[]): Promise<number> =>
  prepare(events, { replaces: "older" })(sql);

/** The same for rows that are known to be wrong: a row as new is replaced, a newer one stays. */
export const overwriteScores = (sql: Sql, events: readonly EntryRow[]): Promise<number> =>
  prepare(events, { replaces: "as new" })(sql);

/** Scores on any board: a ranker writes to those alone that exist. */
export const scoreEvents: EventKind<ScoreEvent> = {
  schema: scoreEventSchema,
  keyOf: ({ board, user_id }) => `${board}\n${user_id}`,
  read: readScoreEvent,
  upsert: (events, origin) => prepare(events, { replaces: "older", origin, archived: "refused" }),
  erase: eraseEntries,
  changeEntries: { remove: removeEntries, edit: editEntries },
  setVisibility: upsertVisibility,
  endSeasons: upsertSeasonEnds,
};
