import type { Database } from "shared/postgres/database";
import { toInstant, toMicroseconds } from "../rows/version-rule.ts";

/** A board of which a season has ended by its plan. */
export interface DueSeal {
  /** Of the board. */
  id: string;
  /** Since when, microseconds. */
  sealAt: number;
  /** Of the plan in PostgreSQL. */
  version: string;
}

export const SEALS_PAGE = 100;

/** What is due at a time (µs), the oldest first: a page behind `after`. */
export async function readDueSeals(database: Database, now: number, after: DueSeal | undefined): Promise<DueSeal[]> {
  const { sealAt, id } = after ?? { sealAt: 0, id: "" };
  const rows = await database.run(
    (sql) => sql<{ id: string; seal_us: string; version: string }[]>`
      SELECT id, ${toMicroseconds(sql, "seal_at")} AS seal_us, ${toMicroseconds(sql, "updated_at")} AS version
      FROM settings
      WHERE seal_at <= ${toInstant(sql, now)} AND (seal_at, id) > (${toInstant(sql, sealAt)}, ${id})
      ORDER BY seal_at, id LIMIT ${SEALS_PAGE}`,
  );
  return rows.map((row) => ({ id: row.id, sealAt: Number(row.seal_us), version: row.version }));
}

/**
 * Notes when the next season of a board ends; null where the plan has no further end. A plan that
 * has come since is looked at from its beginning.
 */
export async function noteSealed(database: Database, { id, version }: DueSeal, next: number | null): Promise<void> {
  await database.run(
    (sql) => sql`
      UPDATE settings
      SET seal_at = ${toInstant(sql, next)}
      WHERE kind = 'seasons' AND id = ${id} AND ${toMicroseconds(sql, "updated_at")} = ${version}`,
  );
}

/** Boards of which a season runs, or is to begin. */
export async function countRunning(database: Database): Promise<number> {
  const [row] = await database.run(
    (sql) => sql<{ count: string }[]>`SELECT count(*)::text AS count FROM settings WHERE seal_at IS NOT NULL`,
  );
  return Number(row?.count ?? 0);
}
