import type { Erasure, Removal } from "shared/model/events";
import type { Sql } from "shared/postgres/connect-postgres";
import { admit, type BatchOrigin } from "./admission.ts";

const column = (erasures: readonly Erasure[], name: "region" | "user_id" | "updated_at") =>
  erasures.map((erasure) => erasure[name] ?? "");

/**
 * Deletes the entries that are not newer than their erasure, on every board, and keeps older events
 * out from then on.
 */
export async function eraseEntries(sql: Sql, erasures: readonly Erasure[], origin?: BatchOrigin): Promise<void> {
  await sql`
    SELECT erase_entries(${column(erasures, "region")}::text[], ${column(erasures, "user_id")}::text[],
                         ${column(erasures, "updated_at")}::text[])
    WHERE ${admit(sql, origin, erasures)}`;
}

/** The same for single entries, also of seasons that have ended or are archived. */
export async function removeEntries(sql: Sql, removals: readonly Removal[], origin?: BatchOrigin): Promise<void> {
  const of = (name: "board" | "region" | "user_id" | "updated_at") => removals.map((removal) => removal[name]);
  await sql`
    SELECT remove_entries(${of("region")}::text[], ${of("board")}::text[], ${of("user_id")}::text[],
                          ${of("updated_at")}::text[])
    WHERE ${admit(sql, origin, removals)}`;
}

/** The same for accounts. */
export async function eraseAccounts(sql: Sql, erasures: readonly Erasure[], origin?: BatchOrigin): Promise<void> {
  await sql`
    SELECT erase_accounts(${column(erasures, "user_id")}::text[], ${column(erasures, "updated_at")}::text[])
    WHERE ${admit(sql, origin, erasures)}`;
}
