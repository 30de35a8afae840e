import { type AccountEvent, accountEventSchema } from "shared/model/events";
import type { Sql } from "shared/postgres/connect-postgres";
import type { EventKind } from "../drain/event-kind.ts";
import { upsertSettings } from "../settings/upsert-settings.ts";
import { admit, type BatchOrigin } from "./admission.ts";
import { eraseAccounts } from "./erase-rows.ts";
import { inOrder, isNotErased, mayReplace, toTime, type UpsertOptions } from "./version-rule.ts";

async function write(sql: Sql, events: readonly AccountEvent[], { replaces, origin }: UpsertOptions): Promise<number> {
  const column = (name: keyof AccountEvent) => events.map((event) => event[name] ?? "");
  const written = await sql`
    INSERT INTO accounts (user_id, name, region, password_hash, device_hash, password_at, created_at, updated_at)
    SELECT user_id, name, region, nullif(password_hash, ''), nullif(device_hash, ''),
      'epoch'::timestamptz + nullif(password_at, '')::bigint * interval '1 microsecond',
      ${toTime(sql, "created_at")}, ${toTime(sql, "updated_at")}
    FROM unnest(
      ${column("user_id")}::text[], ${column("name")}::text[], ${column("region")}::text[],
      ${column("password_hash")}::text[], ${column("device_hash")}::text[], ${column("password_at")}::text[],
      ${column("created_at")}::text[], ${column("updated_at")}::text[]
    ) WITH ORDINALITY AS event (
      user_id, name, region, password_hash, device_hash, password_at, created_at, updated_at, place
    )
    WHERE ${admit(sql, origin, events)} AND ${isNotErased(sql, sql`'accounts'`)}
    ${inOrder(sql)}
    ON CONFLICT (user_id) DO UPDATE
    SET name = excluded.name, region = excluded.region, password_hash = excluded.password_hash,
        device_hash = excluded.device_hash, password_at = excluded.password_at,
        created_at = excluded.created_at, updated_at = excluded.updated_at
    WHERE ${mayReplace(sql, "accounts", "updated_at", replaces)}`;
  return written.count;
}

/** Writes the newest state of each account. @returns the number of rows that changed */
export const upsertAccounts = (sql: Sql, events: readonly AccountEvent[], origin?: BatchOrigin): Promise<number> =>
  write(sql, events, { replaces: "older", origin });

/** The same for rows that are known to be wrong: a row as new is replaced, a newer one stays. */
export const overwriteAccounts = (sql: Sql, events: readonly AccountEvent[]): Promise<number> =>
  write(sql, events, { replaces: "as new" });

export const accountEvents: EventKind<AccountEvent> = {
  schema: accountEventSchema,
  keyOf: ({ user_id }) => user_id,
  upsert: (events, origin) => (sql) => upsertAccounts(sql, events, origin),
  erase: eraseAccounts,
  putSettings: upsertSettings,
};
