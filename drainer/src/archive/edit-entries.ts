import type { EntryEdit } from "shared/model/events";
import { toSparseLiteral } from "shared/postgres/array-literal";
import type { Sql } from "shared/postgres/connect-postgres";
import { admit, type BatchOrigin } from "../rows/admission.ts";

/**
 * Gives entries of ended seasons another name or other metadata, also where the season is archived.
 * An entry that is as new stays.
 */
export async function editEntries(sql: Sql, edits: readonly EntryEdit[], origin?: BatchOrigin): Promise<void> {
  const of = (name: "board" | "region" | "user_id" | "updated_at") => edits.map((edit) => edit[name]);
  const sparse = (name: "name" | "metadata") => toSparseLiteral(edits.map((edit) => edit[name]));
  await sql`
    SELECT edit_entries(${of("region")}::text[], ${of("board")}::text[], ${of("user_id")}::text[],
                        ${of("updated_at")}::text[], ${sparse("name")}::text[], ${sparse("metadata")}::text[])
    WHERE ${admit(sql, origin, edits)}`;
}
