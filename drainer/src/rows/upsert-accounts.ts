import { type AccountEvent, accountEventSchema } from "shared/model/events";
import type { EventKind } from "../drain/event-kind.ts";
import type { Sql } from "../postgres/connect-postgres.ts";
import { admit, type BatchOrigin } from "./admission.ts";
import { eraseAccounts } from "./erase-rows.ts";

const isOlder = (sql: Sql) => sql`accounts.updated_at < excluded.updated_at`;
const isNotNewer = (sql: Sql) => sql`accounts.updated_at <= excluded.updated_at`;

function write(
  sql: Sql,
  events: readonly AccountEvent[],
  mayReplace: ReturnType<typeof isOlder>,
  origin?: BatchOrigin,
) {
  const column = (name: keyof AccountEvent) => events.map((event) => event[name]);
  return sql`
    INSERT INTO accounts (user_id, name, region, password_hash, created_at, updated_at)
    SELECT user_id, name, region, nullif(password_hash, ''),
           'epoch'::timestamptz + created_at::bigint * interval '1 microsecond',
           'epoch'::timestamptz + updated_at::bigint * interval '1 microsecond'
    FROM unnest(
      ${column("user_id")}::text[], ${column("name")}::text[], ${column("region")}::text[],
      ${column("password_hash")}::text[], ${column("created_at")}::text[], ${column("updated_at")}::text[]
    ) AS event (user_id, name, region, password_hash, created_at, updated_at)
    WHERE ${admit(sql, origin, events)} AND NOT EXISTS (
      SELECT FROM erasures
      WHERE erasures.scope = 'accounts' AND erasures.user_id = event.user_id
        AND erasures.erased_at >= 'epoch'::timestamptz + event.updated_at::bigint * interval '1 microsecond'
    )
    ON CONFLICT (user_id) DO UPDATE
    SET name = excluded.name, region = excluded.region, password_hash = excluded.password_hash,
        created_at = excluded.created_at, updated_at = excluded.updated_at
    WHERE ${mayReplace}`;
}

/** Writes the newest state of each account, as `upsert-scores.ts` does for entries. */
export async function upsertAccounts(sql: Sql, events: readonly AccountEvent[], origin?: BatchOrigin): Promise<number> {
  return (await write(sql, events, isOlder(sql), origin)).count;
}

/** The same for rows whose contents are known to be wrong: a row that is as new is replaced, a newer one stays. */
export async function overwriteAccounts(sql: Sql, events: readonly AccountEvent[]): Promise<number> {
  return (await write(sql, events, isNotNewer(sql))).count;
}

export const accountEvents: EventKind<AccountEvent> = {
  schema: accountEventSchema,
  keyOf: ({ user_id }) => user_id,
  upsert: (events, origin) => (sql) => upsertAccounts(sql, events, origin),
  erase: eraseAccounts,
};
