import { isUserId } from "shared/model/scores";
import type { Sql } from "shared/postgres/connect-postgres";
import type { Database } from "shared/postgres/database";
import { retryBriefly } from "../command/retry-briefly.ts";

/**
 * Rows of one page: large enough to make the round trip cheap, small enough to be held and sent at
 * once.
 */
export const PAGE_ROWS = 5_000;

/**
 * Reads a table along a key. A row that is written meanwhile is read at most once. A page that
 * fails is repeated, because otherwise the whole reading would start from the beginning.
 *
 * @param readAfter reads the page behind a row, or the first page
 */
export async function* readPages<R>(
  database: Database,
  readAfter: (sql: Sql, last: R | undefined) => Promise<R[]>,
): AsyncGenerator<R[]> {
  let last: R | undefined;
  for (;;) {
    const page: R[] = await retryBriefly(() => database.run((sql) => readAfter(sql, last)));
    last = page.at(-1);
    if (last === undefined) return;
    yield page;
  }
}

/**
 * Leaves out ids that no service wrote: an id written by hand may hold what PostgreSQL refuses as
 * text.
 */
export const validUserIds = (userIds: readonly string[]) => userIds.filter(isUserId);
