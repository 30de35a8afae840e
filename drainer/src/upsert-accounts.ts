import { type AccountEvent, accountEventSchema } from "shared/events";
import type { Sql } from "./database.ts";
import type { EventKind } from "./drain.ts";

/** Writes the newest state of each account, as `upsert-scores.ts` does for entries. */
export async function upsertAccounts(sql: Sql, events: readonly AccountEvent[]): Promise<number> {
  const column = (name: keyof AccountEvent) => events.map((event) => event[name]);
  const result = await sql`
    INSERT INTO accounts (user_id, name, region, password_hash, created_at, updated_at)
    SELECT user_id, name, region, nullif(password_hash, ''),
           'epoch'::timestamptz + created_at::bigint * interval '1 microsecond',
           'epoch'::timestamptz + updated_at::bigint * interval '1 microsecond'
    FROM unnest(
      ${column("user_id")}::text[], ${column("name")}::text[], ${column("region")}::text[],
      ${column("password_hash")}::text[], ${column("created_at")}::text[], ${column("updated_at")}::text[]
    ) AS event (user_id, name, region, password_hash, created_at, updated_at)
    ON CONFLICT (user_id) DO UPDATE
    SET name = excluded.name, region = excluded.region, password_hash = excluded.password_hash,
        created_at = excluded.created_at, updated_at = excluded.updated_at
    WHERE accounts.updated_at < excluded.updated_at`;
  return result.count;
}

export const accountEvents: EventKind<AccountEvent> = {
  schema: accountEventSchema,
  keyOf: ({ user_id }) => user_id,
  upsert: upsertAccounts,
};
