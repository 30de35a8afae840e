import type { VisibilityEvent } from "shared/model/events";
import { fold } from "../drain/fold.ts";
import type { Sql } from "../postgres/connect-postgres.ts";
import { admit, type BatchOrigin } from "./admission.ts";

const isOlder = (sql: Sql) => sql`visibility.changed_at < excluded.changed_at`;
const isNotNewer = (sql: Sql) => sql`visibility.changed_at <= excluded.changed_at`;

function write(
  sql: Sql,
  events: readonly VisibilityEvent[],
  mayReplace: ReturnType<typeof isOlder>,
  origin?: BatchOrigin,
) {
  const newest = fold(events, ({ region, user_id }) => `${region}\n${user_id}`);
  const column = (name: keyof VisibilityEvent) => newest.map((event) => String(event[name]));
  return sql`
    INSERT INTO visibility (region, user_id, hidden, changed_at)
    SELECT region, user_id, hidden::boolean, 'epoch'::timestamptz + updated_at::bigint * interval '1 microsecond'
    FROM unnest(
      ${column("region")}::text[], ${column("user_id")}::text[], ${column("hidden")}::text[],
      ${column("updated_at")}::text[]
    ) AS event (region, user_id, hidden, updated_at)
    WHERE ${admit(sql, origin, events)} AND NOT EXISTS (
      SELECT FROM erasures
      WHERE erasures.scope = event.region AND erasures.user_id = event.user_id
        AND erasures.erased_at >= 'epoch'::timestamptz + event.updated_at::bigint * interval '1 microsecond'
    )
    ON CONFLICT (region, user_id) DO UPDATE SET hidden = excluded.hidden, changed_at = excluded.changed_at
    WHERE ${mayReplace}`;
}

/** Writes who is hidden and who is shown again, as `upsert-scores.ts` does for entries. */
export async function upsertVisibility(
  sql: Sql,
  events: readonly VisibilityEvent[],
  origin?: BatchOrigin,
): Promise<number> {
  return (await write(sql, events, isOlder(sql), origin)).count;
}

/** The same for rows whose contents are known to be wrong: a row that is as new is replaced, a newer one stays. */
export async function overwriteVisibility(sql: Sql, events: readonly VisibilityEvent[]): Promise<number> {
  return (await write(sql, events, isNotNewer(sql))).count;
}
