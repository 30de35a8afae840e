import type { SettingKind } from "shared/model/settings";
import type { Sql } from "shared/postgres/connect-postgres";
import type { Database } from "shared/postgres/database";
import { PAGE_ROWS, readPages } from "../rows/row-pages.ts";
import { toMicroseconds } from "../rows/version-rule.ts";

/** A durable setting. Its time (microseconds) is a decimal string. */
export interface SettingRow {
  id: string;
  /** JSON, as it was written. */
  text: string;
  updated_at: string;
}

const columns = (sql: Sql) => sql`id, value::text AS text, ${toMicroseconds(sql, "updated_at")} AS updated_at`;

/** All settings of a kind, page by page. */
export const readSettings = (
  database: Database,
  kind: SettingKind,
  pageRows = PAGE_ROWS,
): AsyncGenerator<SettingRow[]> =>
  readPages(
    database,
    (sql, last) => sql<SettingRow[]>`
      SELECT ${columns(sql)} FROM settings
      WHERE kind = ${kind} AND id > ${last?.id ?? ""} ORDER BY id LIMIT ${pageRows}`,
  );

/** The settings of these ids. */
export const readSettingsOf = (database: Database, kind: SettingKind, ids: readonly string[]): Promise<SettingRow[]> =>
  database.run(
    (sql) => sql<SettingRow[]>`
      SELECT ${columns(sql)} FROM settings WHERE kind = ${kind} AND id = ANY(${[...ids]}::text[])`,
  );
