import type { VisibilityEvent } from "shared/model/events";
import type { Sql } from "shared/postgres/connect-postgres";
import type { Database } from "shared/postgres/database";
import { PAGE_ROWS, readPages, validUserIds } from "./row-pages.ts";
import { toMicroseconds } from "./version-rule.ts";

const columns = (sql: Sql) => sql`
  region, user_id, hidden, coalesce(name, '') AS name, ${toMicroseconds(sql, "changed_at")} AS updated_at`;

/** Which players of a region are hidden, and which were shown again, page by page. */
export const readVisibility = (
  database: Database,
  region: string,
  pageRows = PAGE_ROWS,
): AsyncGenerator<VisibilityEvent[]> =>
  readPages(
    database,
    (sql, last) => sql<VisibilityEvent[]>`
      SELECT ${columns(sql)} FROM visibility
      WHERE region = ${region} AND user_id > ${last?.user_id ?? ""} ORDER BY user_id LIMIT ${pageRows}`,
  );

/** The same for these players. */
export const readVisibilityOf = (
  database: Database,
  region: string,
  userIds: readonly string[],
): Promise<VisibilityEvent[]> =>
  database.run(
    (sql) => sql<VisibilityEvent[]>`
      SELECT ${columns(sql)} FROM visibility
      WHERE region = ${region} AND user_id = ANY(${validUserIds(userIds)}::text[])`,
  );
