import type { VisibilityEvent } from "shared/model/events";
import type { Sql } from "../postgres/connect-postgres.ts";
import type { Database } from "../postgres/database.ts";
import { possible, readPatiently } from "./read-rows.ts";

// Not through bigint: an infinite time would fail the page and all its rows.
const columns = (sql: Sql) => sql`
  region, user_id, hidden, trunc(extract(epoch FROM changed_at) * 1000000)::text AS updated_at`;

/** All that is said of who is hidden in a region, page by page along the key, in the manner of `readEntries`. */
export async function* readVisibility(
  database: Database,
  region: string,
  pageRows = 5_000,
): AsyncGenerator<VisibilityEvent[]> {
  let after = "";
  for (;;) {
    const from = after;
    const page = await readPatiently(
      database,
      (sql) => sql<VisibilityEvent[]>`
        SELECT ${columns(sql)} FROM visibility
        WHERE region = ${region} AND user_id > ${from} ORDER BY user_id LIMIT ${pageRows}`,
    );
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last.user_id;
  }
}

/** The same of these players. */
export const readVisibilityOf = (
  database: Database,
  region: string,
  userIds: readonly string[],
): Promise<VisibilityEvent[]> =>
  database.run(
    (sql) => sql<VisibilityEvent[]>`
      SELECT ${columns(sql)} FROM visibility
      WHERE region = ${region} AND user_id = ANY(${possible(userIds)}::text[])`,
  );
