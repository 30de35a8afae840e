import type { Database } from "shared/postgres/database";
import { toIsoSeason } from "shared/seasons/plan";
import { toInstant } from "../rows/version-rule.ts";
import { type EndedSeason, rankingOf } from "./ended-seasons.ts";

// The table `seasons` of the home database: what has become of each season in all regions.

/** A season, as it ended in all regions. */
export type SeasonOfAll = Pick<EndedSeason, "board" | "season" | "startsAt" | "endsAt" | "total">;

/** Notes that a season has ended, and is not final. */
export async function noteSeason(
  home: Database,
  { board, season, startsAt, endsAt }: SeasonOfAll,
  state: "closing" | "incomplete",
): Promise<void> {
  await home.run(
    (sql) => sql`
      INSERT INTO seasons AS known (board, season, starts_at, ends_at, state)
      VALUES (${board}, ${season}::text::integer, ${toInstant(sql, startsAt)}, ${toInstant(sql, endsAt)}, ${state})
      ON CONFLICT (board, season) DO UPDATE SET state = excluded.state
      WHERE known.state IN ('closing', 'incomplete') AND known.state <> excluded.state`,
  );
}

/**
 * Makes a season final that is final in all regions, writes the row from which webhooks are told,
 * and marks the seasons that the board keeps no longer, in one transaction.
 *
 * @returns false where it was final before
 */
export async function finishSeason(
  home: Database,
  { board, season, startsAt, endsAt, total }: SeasonOfAll,
): Promise<boolean> {
  const told = { board, season, ...toIsoSeason({ startsAt, endsAt }), total };
  const [row] = await home.run(
    (sql) => sql<{ is_new: boolean }[]>`
      SELECT finish_season(
        ${board}, ${season}::text::integer, ${toInstant(sql, startsAt)}, ${toInstant(sql, endsAt)},
        ${String(total)}::bigint, ${JSON.stringify(told)}::text::json,
        (SELECT (value -> 'season' ->> 'keep')::integer FROM settings WHERE kind = 'boards' AND id = ${board})
      ) AS is_new`,
  );
  return row?.is_new === true;
}

/** Of boards, by id: the number up to which all seasons are final. */
export async function readFinalSeasons(home: Database, boards: readonly string[]): Promise<Map<string, number>> {
  const rows = await home.run(
    (sql) => sql<{ board: string; season: number }[]>`
      SELECT wanted.board, (
        SELECT season FROM seasons AS final
        WHERE final.board = wanted.board AND final.state NOT IN ('closing', 'incomplete') AND NOT EXISTS (
          SELECT FROM seasons AS following
          WHERE following.board = final.board AND following.season = final.season + 1
            AND following.state NOT IN ('closing', 'incomplete')
        )
        ORDER BY season LIMIT 1
      ) AS season
      FROM unnest(${[...boards]}::text[]) AS wanted (board)
      WHERE EXISTS (
        SELECT FROM seasons WHERE board = wanted.board AND season = 1 AND state NOT IN ('closing', 'incomplete')
      ) AND NOT EXISTS (
        SELECT FROM seasons WHERE board = wanted.board AND season = 0 AND state IN ('closing', 'incomplete')
      )`,
  );
  return new Map(rows.map(({ board, season }) => [board, season]));
}

/** A season behind those that its board keeps. */
export interface PurgedSeason {
  board: string;
  season: number;
}

const PURGED_MAX = 100;

/** Seasons of which the archive has to go, in pages. */
export async function readPurging(home: Database): Promise<PurgedSeason[]> {
  return await home.run(
    (sql) => sql<PurgedSeason[]>`
      SELECT board, season FROM seasons WHERE state = 'purging' ORDER BY board, season LIMIT ${PURGED_MAX}`,
  );
}

export async function notePurged(home: Database, { board, season }: PurgedSeason): Promise<void> {
  await home.run(
    (sql) => sql`
      UPDATE seasons SET state = 'purged'
      WHERE board = ${board} AND season = ${season}::text::integer AND state = 'purging'`,
  );
}

/** From its end on readers of the archive know that it is purged, and do not see a part of it. */
export async function beginPurge(database: Database, season: PurgedSeason): Promise<void> {
  await database.run(
    (sql) => sql`UPDATE ended_seasons SET purged = TRUE WHERE ranking = ${rankingOf(season)} AND NOT purged`,
  );
}

/**
 * Deletes some rows of an archived season in all regions of a database.
 *
 * @returns how many
 */
export async function purgeArchived(database: Database, { board, season }: PurgedSeason): Promise<number> {
  const deleted = await database.run((sql) => {
    const ofSeason = sql`board = ${board} AND season = ${season}::text::integer`;
    return sql`
      DELETE FROM archived WHERE ${ofSeason} AND user_id IN (
        (SELECT user_id FROM archived WHERE ${ofSeason} AND NOT hidden LIMIT ${PURGED_ROWS})
        UNION ALL (SELECT user_id FROM archived WHERE ${ofSeason} AND hidden LIMIT ${PURGED_ROWS})
        LIMIT ${PURGED_ROWS}
      )`;
  });
  return deleted.count;
}

/** Rows of one statement. */
export const PURGED_ROWS = 1_000;
