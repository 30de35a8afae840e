import type { Database } from "shared/postgres/database";
import { toInstant, toMicroseconds } from "../rows/version-rule.ts";

/** A setting that the planner has to look at: a board's definition, or a plan. */
export interface Due {
  kind: string;
  /** Of the board. */
  id: string;
  /** Since when, microseconds. */
  planAt: number;
}

export const DUE_PAGE = 100;

/** What is due at a time (µs), the oldest first: a page behind `after`. */
export async function readDue(database: Database, now: number, after: Due | undefined): Promise<Due[]> {
  const { planAt, kind, id } = after ?? { planAt: 0, kind: "", id: "" };
  const rows = await database.run(
    (sql) => sql<{ kind: string; id: string; plan_us: string }[]>`
      SELECT kind, id, ${toMicroseconds(sql, "plan_at")} AS plan_us FROM settings
      WHERE plan_at <= ${toInstant(sql, now)} AND (plan_at, kind, id) > (${toInstant(sql, planAt)}, ${kind}, ${id})
      ORDER BY plan_at, kind, id LIMIT ${DUE_PAGE}`,
  );
  return rows.map((row) => ({ kind: row.kind, id: row.id, planAt: Number(row.plan_us) }));
}

/** Takes the definitions out of what is due of which PostgreSQL has the plan. */
export async function settlePlanned(database: Database, now: number): Promise<void> {
  await database.run(
    (sql) => sql`
      UPDATE settings AS board SET plan_at = NULL
      FROM settings AS plan
      WHERE board.kind = 'boards' AND board.plan_at <= ${toInstant(sql, now)}
        AND plan.kind = 'seasons' AND plan.id = board.id
        AND plan.value ->> 'rev' = ${toMicroseconds(sql, "board.updated_at")}`,
  );
}
