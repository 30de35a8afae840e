import { PASSWORD_HASH_CHARS_MAX } from "shared/model/events";
import type { Sql } from "shared/postgres/connect-postgres";
import type { Database } from "shared/postgres/database";
import { PAGE_ROWS, readPages, validUserIds } from "./row-pages.ts";
import { toMicroseconds } from "./version-rule.ts";

/** A durable account. Times (microseconds) are decimal strings. */
export interface AccountRow {
  user_id: string;
  name: string;
  region: string;
  /** Empty for a player without a password. */
  password_hash: string;
  /** Empty for a player who is no guest of a device. */
  device_hash: string;
  /** Empty where the password was never changed. */
  password_at: string;
  created_at: string;
  updated_at: string;
}

/** The values of an account as scripts take them, by the names of its row. */
export const accountArgs = {
  name: "text",
  region: "text",
  password_hash: "text",
  device_hash: "text",
  password_at: "text",
  created_at: "text",
  updated_at: "text",
} as const;

// The hash is the one column without a bound. A hash that is too long is cut to one that
// `isSoundAccount` still refuses.
const columns = (sql: Sql) => sql`
  user_id, name, region, left(coalesce(password_hash, ''), ${PASSWORD_HASH_CHARS_MAX + 1}::int) AS password_hash,
  coalesce(device_hash, '') AS device_hash, coalesce(${toMicroseconds(sql, "password_at")}, '') AS password_at,
  ${toMicroseconds(sql, "created_at")} AS created_at, ${toMicroseconds(sql, "updated_at")} AS updated_at`;

/** All accounts, page by page. */
export const readAccounts = (database: Database, pageRows = PAGE_ROWS): AsyncGenerator<AccountRow[]> =>
  readPages(
    database,
    (sql, last) => sql<AccountRow[]>`
      SELECT ${columns(sql)} FROM accounts
      WHERE user_id > ${last?.user_id ?? ""} ORDER BY user_id LIMIT ${pageRows}`,
  );

/** The accounts of these players. */
export const readAccountsOf = (database: Database, userIds: readonly string[]): Promise<AccountRow[]> =>
  database.run(
    (sql) => sql<AccountRow[]>`
      SELECT ${columns(sql)} FROM accounts WHERE user_id = ANY(${validUserIds(userIds)}::text[])`,
  );
