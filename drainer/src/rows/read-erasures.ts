import type { Sql } from "shared/postgres/connect-postgres";
import type { Database } from "shared/postgres/database";
import { PAGE_ROWS, readPages, validUserIds } from "./row-pages.ts";
import { toMicroseconds } from "./version-rule.ts";

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

/** The erasures of these players in `scope`, a region or `accounts`. */
export const readErasuresOf = (database: Database, scope: string, userIds: readonly string[]): Promise<ErasureRow[]> =>
  database.run(
    (sql) => sql<ErasureRow[]>`
      SELECT ${columns(sql)} FROM erasures
      WHERE scope = ${scope} AND user_id = ANY(${validUserIds(userIds)}::text[])`,
  );
