import type { Sql } from "shared/postgres/connect-postgres";
import type { Database } from "shared/postgres/database";
import { toRankingName } from "shared/seasons/ranking-name";
import { toInstant, toMicroseconds } from "../rows/version-rule.ts";

/** A season that has ended on a shard of a region at least, as the region's database has it. */
export interface EndedSeason {
  board: string;
  season: number;
  region: string;
  state: "closing" | "incomplete" | "final";
  /** Whether events of it are refused. */
  frozen: boolean;
  /** Microseconds. */
  startsAt: number;
  endsAt: number;
  /** Ranked entries of a final season. */
  total: number;
  /** Version of the end on each shard that has one, by tag. */
  ends: ReadonlyMap<string, number>;
}

/** What PostgreSQL has of a season that is not final. */
export interface StoredCounts {
  /** Rows of entries. */
  stored: number;
  /** Entries that the shards counted when the season ended. */
  counted: number;
  /**
   * Players of the region who were erased, or whose entries were removed, since the season began.
   */
  erased: number;
}

/** The name of a season in keys and rows. */
export const rankingOf = ({ board, season }: Pick<EndedSeason, "board" | "season">) => toRankingName(board, season);

/** Seasons of one page. */
export const SEASONS_PAGE = 100;
/** Rows of one statement: it takes some 10 ms. */
export const SETTLED_ROWS_MAX = 1_000;

interface Row {
  board: string;
  season: number;
  region: string;
  state: EndedSeason["state"];
  frozen: boolean;
  starts: string;
  ends: string;
  total: string;
  versions: string;
}

const toEnded = ({ starts, ends, total, versions, ...row }: Row): EndedSeason => ({
  ...row,
  startsAt: Number(starts),
  endsAt: Number(ends),
  total: Number(total),
  ends: new Map(Object.entries(JSON.parse(versions) as Record<string, number>)),
});

const columns = (sql: Sql) => sql`
  board, season, region, state, frozen, ${toMicroseconds(sql, "starts_at")} AS starts, ${toMicroseconds(sql, "ends_at")} AS ends,
  total::text AS total, (
    SELECT coalesce(json_object_agg(tag, version), '{}')::text FROM season_ends
    WHERE season_ends.board = ended_seasons.board AND season_ends.season = ended_seasons.season
      AND season_ends.region = ended_seasons.region
  ) AS versions`;

/** Seasons of which something is left to do, the oldest first: a page behind `after`. */
export async function readUnsettled(database: Database, after: EndedSeason | undefined): Promise<EndedSeason[]> {
  const rows = await database.run(
    (sql) => sql<Row[]>`
      SELECT ${columns(sql)} FROM ended_seasons
      WHERE NOT settled AND (ends_at, ranking, region) > (
        ${toInstant(sql, after?.endsAt ?? 0)},
        ${after === undefined ? "" : rankingOf(after)}, ${after?.region ?? ""}
      )
      ORDER BY ended_seasons.ends_at, ranking, region LIMIT ${SEASONS_PAGE}`,
  );
  return rows.map(toEnded);
}

/** What the regions of a database have of these seasons. */
export async function readEnded(database: Database, rankings: readonly string[]): Promise<EndedSeason[]> {
  const rows = await database.run(
    (sql) => sql<Row[]>`SELECT ${columns(sql)} FROM ended_seasons WHERE ranking = ANY(${[...rankings]}::text[])`,
  );
  return rows.map(toEnded);
}

export async function countStored(
  database: Database,
  ended: Pick<EndedSeason, "board" | "season" | "region" | "startsAt">,
): Promise<StoredCounts> {
  const { board, season, region, startsAt } = ended;
  const [row] = await database.run(
    (sql) => sql<{ stored: string; counted: string; erased: string }[]>`
      SELECT
        (SELECT count(*) FROM leaderboard WHERE board = ${rankingOf(ended)} AND region = ${region})::text AS stored,
        (
          SELECT coalesce(sum(count + hidden), 0) FROM season_ends
          WHERE board = ${board} AND season = ${season} AND region = ${region}
        )::text AS counted,
        count_erased(${rankingOf(ended)}, ${region}, ${toInstant(sql, startsAt)})::text AS erased`,
  );
  return { stored: Number(row?.stored), counted: Number(row?.counted), erased: Number(row?.erased) };
}

/** Keeps events of these seasons out from now on, also those that are being written. */
export async function freezeSeasons(database: Database, seasons: readonly EndedSeason[]): Promise<void> {
  await database.run(
    (sql) => sql`
      SELECT freeze_seasons(${seasons.map(rankingOf)}::text[], ${seasons.map(({ region }) => region)}::text[])`,
  );
}

/**
 * Archives a frozen season of a region in one transaction, or finds that it is incomplete.
 *
 * @param tags of all shards of the region
 * @param present the entries that Redis has
 */
export async function archiveSeason(
  database: Database,
  ended: EndedSeason,
  { tags, present }: { tags: readonly string[]; present: number },
): Promise<EndedSeason["state"] | "unknown"> {
  const [row] = await database.run(
    (sql) => sql<{ state: EndedSeason["state"] | "unknown" }[]>`
      SELECT archive_season(
        ${rankingOf(ended)}, ${ended.region}, ${[...tags]}::text[], ${String(present)}::bigint
      ) AS state`,
  );
  return row?.state ?? "unknown";
}

/** Notes why a season cannot be archived yet. It takes events again. */
export async function reopenSeason(
  database: Database,
  ended: EndedSeason,
  state: "closing" | "incomplete",
): Promise<void> {
  await database.run(
    (sql) => sql`
      UPDATE ended_seasons SET state = ${state}, frozen = FALSE
      WHERE ranking = ${rankingOf(ended)} AND region = ${ended.region} AND state <> 'final'`,
  );
}

/**
 * Whether a season of the board from `oldest` on, and before this one, has not left the region. One
 * of which PostgreSQL does not know the end has not.
 */
export async function isBehindOthers(
  database: Database,
  { board, season, region }: EndedSeason,
  oldest: number,
): Promise<boolean> {
  const earlier = await database.run(
    (sql) => sql`
      SELECT FROM generate_series(${String(oldest)}::integer, ${String(season - 1)}::integer) AS each
      WHERE NOT EXISTS (
        SELECT FROM ended_seasons
        WHERE board = ${board} AND region = ${region} AND ended_seasons.season = each AND settled
      )
      LIMIT 1`,
  );
  return earlier.length > 0;
}

const isFinal = (sql: Sql, ended: EndedSeason) => sql`EXISTS (
      SELECT FROM ended_seasons
      WHERE ranking = ${rankingOf(ended)} AND ended_seasons.region = ${ended.region} AND state = 'final' AND NOT settled
    )`;

/**
 * Deletes the rows of a final season in a region among some rows of the season.
 *
 * @param after the player behind whom the page begins
 * @returns the last player of the page; undefined behind the last one
 */
export async function deleteArchivedRows(
  database: Database,
  ended: EndedSeason,
  after: string,
): Promise<string | undefined> {
  const ranking = rankingOf(ended);
  const [row] = await database.run(
    (sql) => sql<{ last: string | null }[]>`
      WITH page AS (
        SELECT user_id FROM leaderboard
        WHERE board = ${ranking} AND user_id > ${after} ORDER BY user_id LIMIT ${SETTLED_ROWS_MAX}
      ), gone AS (
        DELETE FROM leaderboard
        WHERE board = ${ranking} AND user_id IN (SELECT user_id FROM page) AND region = ${ended.region}
          AND ${isFinal(sql, ended)}
      )
      SELECT max(user_id) FILTER (WHERE rows = ${SETTLED_ROWS_MAX}) AS last
      FROM page, (SELECT count(*) AS rows FROM page) AS counted`,
  );
  return row?.last ?? undefined;
}

/** Notes that nothing of a final season is left in `leaderboard` and in Redis. */
export async function settleSeason(database: Database, ended: EndedSeason): Promise<void> {
  await database.run(
    (sql) => sql`
      UPDATE ended_seasons SET settled = TRUE
      WHERE ranking = ${rankingOf(ended)} AND region = ${ended.region} AND state = 'final'`,
  );
}
