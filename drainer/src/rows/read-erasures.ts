import type { Sql } from "shared/postgres/connect-postgres";
import type { Database } from "shared/postgres/database";
import { PAGE_ROWS, readPages, validUserIds } from "./row-pages.ts";
import { entryScope, toMicroseconds } from "./version-rule.ts";

export interface ErasureRow {
  user_id: string;
  /** Version of the erasure, in microseconds. */
  erased_us: string;
}

const columns = (sql: Sql) => sql`user_id, ${toMicroseconds(sql, "erased_at")} AS erased_us`;

/** The erasures of `scope`, which is a region or `accounts`, page by page. */
export const readErasures = (database: Database, scope: string): AsyncGenerator<ErasureRow[]> =>
  readPages(
    database,
    (sql, last) => sql<ErasureRow[]>`
      SELECT ${columns(sql)} FROM erasures
      WHERE scope = ${scope} AND user_id > ${last?.user_id ?? ""} ORDER BY user_id LIMIT ${PAGE_ROWS}`,
  );

/** An entry that was removed. */
export interface RemovalRow extends ErasureRow {
  ranking: string;
}

/** The entries that were removed in a region, page by page. */
export const readRemovals = (database: Database, region: string): AsyncGenerator<RemovalRow[]> =>
  readPages(
    database,
    (sql, last: RemovalRow | undefined) => sql<RemovalRow[]>`
      SELECT substr(scope, ${entryScope(region, "").length + 1}) AS ranking, ${columns(sql)} FROM erasures
      WHERE (scope, user_id) > (${entryScope(region, last?.ranking ?? "")}, ${last?.user_id ?? ""})
        AND starts_with(scope, ${entryScope(region, "")})
      ORDER BY scope, user_id LIMIT ${PAGE_ROWS}`,
  );

/** The erasures of these players in `scope`, a region or `accounts`. */
export const readErasuresOf = (database: Database, scope: string, userIds: readonly string[]): Promise<ErasureRow[]> =>
  database.run(
    (sql) => sql<ErasureRow[]>`
      SELECT ${columns(sql)} FROM erasures
      WHERE scope = ${scope} AND user_id = ANY(${validUserIds(userIds)}::text[])`,
  );
