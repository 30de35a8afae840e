import { PASSWORD_HASH_CHARS_MAX } from "shared/model/events";
import { userIdSchema } from "shared/model/scores";
import { retryBriefly } from "../command/retry-briefly.ts";
import type { Sql } from "../postgres/connect-postgres.ts";
import type { Database } from "../postgres/database.ts";

/** A durable entry; integers and times (microseconds) as decimal strings, exact. */
export interface EntryRow {
  board: string;
  user_id: string;
  name: string;
  region: string;
  score: string;
  reached_at: string;
  updated_at: string;
}

export interface AccountRow {
  user_id: string;
  name: string;
  region: string;
  /** Empty for a player without a password. */
  password_hash: string;
  created_at: string;
  updated_at: string;
}

/** Rows of one page: large enough to make the round trip cheap, small enough to be held and sent at once. */
const PAGE_ROWS = 5_000;

// Not through bigint: an infinite time would fail the page and all its rows.
const entryColumns = (sql: Sql) => sql`
  board, user_id, name, region, score::text AS score,
  trunc(extract(epoch FROM reached_at) * 1000000)::text AS reached_at,
  trunc(extract(epoch FROM updated_at) * 1000000)::text AS updated_at`;
// The one column without a bound. A hash that is too long is cut to one that is still too long: not sound, and left alone.
const accountColumns = (sql: Sql) => sql`
  user_id, name, region, left(coalesce(password_hash, ''), ${PASSWORD_HASH_CHARS_MAX + 1}::int) AS password_hash,
  trunc(extract(epoch FROM created_at) * 1000000)::text AS created_at,
  trunc(extract(epoch FROM updated_at) * 1000000)::text AS updated_at`;

/** One page of a long reading; a store that did not answer is asked again, since the whole would begin anew. */
export const readPatiently = <T>(database: Database, read: (sql: Sql) => Promise<T>): Promise<T> =>
  retryBriefly(() => database.run(read));

/** All entries of a database, page by page along its primary key: a row that is written meanwhile is read once at most. */
export async function* readEntries(database: Database): AsyncGenerator<EntryRow[]> {
  let after = { board: "", user_id: "" };
  for (;;) {
    const { board, user_id } = after;
    const page = await readPatiently(
      database,
      (sql) => sql<EntryRow[]>`
        SELECT ${entryColumns(sql)} FROM leaderboard
        WHERE (board, user_id) > (${board}, ${user_id})
        ORDER BY board, user_id LIMIT ${PAGE_ROWS}`,
    );
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last;
  }
}

/** One board of one region: with everybody on it, or without the hidden. */
export interface BoardPart {
  board: string;
  region: string;
  from: "leaderboard" | "visible_leaderboard";
}

/** The entries of one region on one board, in the manner of {@link readEntries}. */
export async function* readBoardEntries(
  database: Database,
  { board, region, from: table }: BoardPart,
  pageRows: number,
): AsyncGenerator<EntryRow[]> {
  let after = "";
  for (;;) {
    const from = after;
    const page = await readPatiently(
      database,
      (sql) => sql<EntryRow[]>`
        SELECT ${entryColumns(sql)} FROM ${sql(table)}
        WHERE board = ${board} AND region = ${region} AND user_id > ${from}
        ORDER BY user_id LIMIT ${pageRows}`,
    );
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last.user_id;
  }
}

// A key that was written by hand may name anything, even what PostgreSQL takes for no text.
export const possible = (userIds: readonly string[]) =>
  userIds.filter((userId) => userIdSchema.safeParse(userId).success);

/** The entries of these players on one board, of whatever region. */
export const readEntriesOf = (database: Database, board: string, userIds: readonly string[]): Promise<EntryRow[]> =>
  database.run(
    (sql) => sql<EntryRow[]>`
      SELECT ${entryColumns(sql)} FROM leaderboard
      WHERE board = ${board} AND user_id = ANY(${possible(userIds)}::text[])`,
  );

/** All accounts, in the manner of {@link readEntries}. */
export async function* readAccounts(database: Database, pageRows = PAGE_ROWS): AsyncGenerator<AccountRow[]> {
  let after = "";
  for (;;) {
    const from = after;
    const page = await readPatiently(
      database,
      (sql) => sql<AccountRow[]>`
        SELECT ${accountColumns(sql)} FROM accounts WHERE user_id > ${from} ORDER BY user_id LIMIT ${pageRows}`,
    );
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last.user_id;
  }
}

/** The accounts of these players. */
export const readAccountsOf = (database: Database, userIds: readonly string[]): Promise<AccountRow[]> =>
  database.run(
    (sql) => sql<AccountRow[]>`
      SELECT ${accountColumns(sql)} FROM accounts WHERE user_id = ANY(${possible(userIds)}::text[])`,
  );
