import type { Sql } from "shared/postgres/connect-postgres";
import type { EntryRow } from "./read-entries.ts";
import { toTime } from "./version-rule.ts";

/** Deletes one row of a region, unless it is newer. It leaves no erasure: the player stays. */
export async function deleteEntry(
  sql: Sql,
  { board, user_id, region, updated_at }: Pick<EntryRow, "board" | "user_id" | "region" | "updated_at">,
): Promise<void> {
  await sql`
    DELETE FROM leaderboard USING (SELECT ${updated_at}::bigint AS version) AS event
    WHERE board = ${board} AND user_id = ${user_id} AND region = ${region}
      AND updated_at <= ${toTime(sql, "event.version")}`;
}
