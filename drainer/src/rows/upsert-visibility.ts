import type { VisibilityEvent } from "shared/model/events";
import type { Sql } from "shared/postgres/connect-postgres";
import { fold } from "../drain/fold.ts";
import { admit, type BatchOrigin } from "./admission.ts";
import { inOrder, isNotErased, mayReplace, toTime, type UpsertOptions } from "./version-rule.ts";

async function write(
  sql: Sql,
  events: readonly VisibilityEvent[],
  { replaces, origin }: UpsertOptions,
): Promise<number> {
  const newest = fold(events, ({ region, user_id }) => `${region}\n${user_id}`);
  const column = (name: keyof VisibilityEvent) => newest.map((event) => String(event[name] ?? ""));
  const written = await sql`
    INSERT INTO visibility (region, user_id, hidden, name, changed_at)
    SELECT region, user_id, hidden::boolean, nullif(name, ''), ${toTime(sql, "updated_at")}
    FROM unnest(
      ${column("region")}::text[], ${column("user_id")}::text[], ${column("hidden")}::text[],
      ${column("name")}::text[], ${column("updated_at")}::text[]
    ) WITH ORDINALITY AS event (region, user_id, hidden, name, updated_at, place)
    WHERE ${admit(sql, origin, events)} AND ${isNotErased(sql, sql`event.region`)}
    ${inOrder(sql)}
    ON CONFLICT (region, user_id) DO UPDATE
    SET hidden = excluded.hidden, name = excluded.name, changed_at = excluded.changed_at
    WHERE ${mayReplace(sql, "visibility", "changed_at", replaces)}`;
  return written.count;
}

/**
 * Writes which players are hidden, which are shown again, and the names that operators gave.
 *
 * @returns the number of rows that changed
 */
export const upsertVisibility = (sql: Sql, events: readonly VisibilityEvent[], origin?: BatchOrigin): Promise<number> =>
  write(sql, events, { replaces: "older", origin });

/** The same for rows that are known to be wrong: a row as new is replaced, a newer one stays. */
export const overwriteVisibility = (sql: Sql, events: readonly VisibilityEvent[]): Promise<number> =>
  write(sql, events, { replaces: "as new" });
