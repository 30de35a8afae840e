import type { Database } from "./database.ts";

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

/** All entries of a database, page by page along its primary key: a row that is written meanwhile is read once at most. */
export async function* readEntries(database: Database): AsyncGenerator<EntryRow[]> {
  let after = { board: "", user_id: "" };
  for (;;) {
    const { board, user_id } = after;
    const page = await database.run(
      (sql) => sql<EntryRow[]>`
        SELECT board, user_id, name, region, score::text AS score,
               (extract(epoch FROM reached_at) * 1000000)::bigint::text AS reached_at,
               (extract(epoch FROM updated_at) * 1000000)::bigint::text AS updated_at
        FROM leaderboard
        WHERE (board, user_id) > (${board}, ${user_id})
        ORDER BY board, user_id
        LIMIT ${PAGE_ROWS}`,
    );
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last;
  }
}

/** All accounts, in the manner of {@link readEntries}. */
export async function* readAccounts(database: Database): AsyncGenerator<AccountRow[]> {
  let after = "";
  for (;;) {
    const from = after;
    const page = await database.run(
      (sql) => sql<AccountRow[]>`
        SELECT user_id, name, region, coalesce(password_hash, '') AS password_hash,
               (extract(epoch FROM created_at) * 1000000)::bigint::text AS created_at,
               (extract(epoch FROM updated_at) * 1000000)::bigint::text AS updated_at
        FROM accounts
        WHERE user_id > ${from}
        ORDER BY user_id
        LIMIT ${PAGE_ROWS}`,
    );
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last.user_id;
  }
}
