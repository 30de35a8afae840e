import { setTimeout as delay } from "node:timers/promises";
import { countOf } from "shared/base/count-of";
import type { Database } from "shared/postgres/database";

/**
 * A season that is ending has its keys and its ends on the shards that are there now: it has to be
 * archived before its entries are split otherwise.
 *
 * @throws Error that names the oldest season of the region that has ended and not left Redis
 */
export async function requireSettled(database: Database, region: string): Promise<void> {
  const fault = await findUnsettled(database, region);
  if (fault !== undefined) throw new Error(fault);
}

/** Gives the drainer that time. @throws the same */
export async function awaitSettled(database: Database, region: string, waitMs: number): Promise<void> {
  for (const lateAt = performance.now() + waitMs; ; await delay(POLL_EVERY_MS)) {
    if (performance.now() >= lateAt) return requireSettled(database, region);
    if ((await findUnsettled(database, region)) === undefined) return;
  }
}

const POLL_EVERY_MS = 200;

/** What holds a move up, in words; undefined where nothing does. */
export async function findUnsettled(database: Database, region: string): Promise<string | undefined> {
  const [oldest] = await database.run(
    (sql) => sql<{ board: string; season: number; count: number }[]>`
      SELECT board, season, count(*) OVER ()::integer AS count FROM ended_seasons
      WHERE NOT settled AND region = ${region} ORDER BY ends_at, board LIMIT 1`,
  );
  if (oldest === undefined) return undefined;
  return (
    `${countOf(oldest.count, "season")} of ${region} ended and is not archived, such as ${oldest.season} of board ` +
    `${oldest.board}: let the drainer complete that first. ./lb queue says whether dead events hold it up.`
  );
}
