import type { SettingEvent } from "shared/model/events";
import { toSparseLiteral } from "shared/postgres/array-literal";
import type { Sql } from "shared/postgres/connect-postgres";
import { fold } from "../drain/fold.ts";
import { admit, type BatchOrigin } from "../rows/admission.ts";
import { mayReplace, toTime, type UpsertOptions } from "../rows/version-rule.ts";
import { planAt, sealAt } from "../seasons/plan-at.ts";

async function write(sql: Sql, events: readonly SettingEvent[], { replaces, origin }: UpsertOptions): Promise<number> {
  const newest = fold(events, ({ setting, id }) => `${setting}\n${id}`);
  const column = (name: "setting" | "id" | "updated_at") => newest.map((event) => event[name]);
  const values = newest.map(({ value }) => JSON.stringify(value));
  const plans = toSparseLiteral(newest.map(planAt));
  const seals = toSparseLiteral(newest.map(sealAt));
  const deleting = newest.map(({ value }) => String(value?.state === "deleting"));
  const written = await sql`
    INSERT INTO settings (kind, id, value, deleting, plan_at, seal_at, updated_at)
    SELECT kind, id, value::json, deleting::boolean, ${toTime(sql, "plan_at")}, ${toTime(sql, "seal_at")},
      ${toTime(sql, "updated_at")}
    FROM unnest(
      ${column("setting")}::text[], ${column("id")}::text[], ${values}::text[], ${deleting}::text[],
      ${plans}::text[], ${seals}::text[], ${column("updated_at")}::text[]
    ) AS event (kind, id, value, deleting, plan_at, seal_at, updated_at)
    WHERE ${admit(sql, origin, events)}
    ON CONFLICT (kind, id) DO UPDATE
    SET value = excluded.value, deleting = excluded.deleting, plan_at = excluded.plan_at,
      seal_at = excluded.seal_at,
      updated_at = excluded.updated_at
    WHERE ${mayReplace(sql, "settings", "updated_at", replaces)}`;
  return written.count;
}

/** Writes the newest state of each setting. @returns the number of rows that changed */
export const upsertSettings = (sql: Sql, events: readonly SettingEvent[], origin?: BatchOrigin): Promise<number> =>
  write(sql, events, { replaces: "older", origin });

/** The same for rows that are known to be wrong: a row as new is replaced, a newer one stays. */
export const overwriteSettings = (sql: Sql, events: readonly SettingEvent[]): Promise<number> =>
  write(sql, events, { replaces: "as new" });
