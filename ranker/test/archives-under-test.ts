import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Sql } from "shared/postgres/connect-postgres";
import { openDatabases } from "shared/postgres/databases";
import { toRankingName } from "shared/seasons/ranking-name";
import { scratchPostgres } from "testing/scratch";
import { openArchiveDatabases } from "../src/archive/archive-databases.ts";

const MIGRATIONS = join(import.meta.dir, "../../drainer/migrations");

/** A row of an ended season, before it is archived. Times are microseconds. */
export interface EndedRow {
  region: string;
  userId: string;
  score: number;
  sortKey: number;
  sub: number | null;
  subKey: number | null;
  reachedAt: number;
  metadata: string | null;
}

export const STARTS = 1_700_000_000_000_000;
export const ENDS = STARTS + 3_600_000_000;

/**
 * Two databases as the drainer makes them, of which the second may have some regions, with the
 * statements by which it archives, hides and erases.
 *
 * @param elsewhere the regions of the second database
 */
export async function startArchives(regions: readonly string[], elsewhere: readonly string[]) {
  const server = await scratchPostgres(["first", "second"]);
  const urlOf = (region: string) => server.url(elsewhere.includes(region) ? "second" : "first");
  const urlsByRegion = new Map(regions.map((region) => [region, urlOf(region)]));
  const databases = openDatabases(server.url("first"), urlsByRegion, { deadlineMs: 60_000 });
  const files = (await readdir(MIGRATIONS)).filter((name) => name.endsWith(".sql")).toSorted();
  const texts = await Promise.all(files.map((name) => Bun.file(join(MIGRATIONS, name)).text()));
  for (const database of databases.all) for (const text of texts) await database.run((sql) => sql.unsafe(text));
  const archives = openArchiveDatabases({ homeUrl: server.url("first"), urlsByRegion });
  const inRegion = <T>(region: string, work: (sql: Sql) => Promise<T>) => databases.of(region).run(work);

  async function archiveRegion(board: string, season: number, region: string, rows: readonly EndedRow[]) {
    const ranking = toRankingName(board, season);
    const time = (sql: Sql, us: number) => sql`'epoch'::timestamptz + ${String(us)}::bigint * interval '1 microsecond'`;
    await inRegion(region, async (sql) => {
      const json = rows
        .filter((row) => row.region === region)
        .map((row) => ({ ...row, metadata: row.metadata ?? null }));
      await sql`
        INSERT INTO leaderboard (
          board, user_id, name, region, score, sort_key, sub, sub_key, metadata, reached_at, updated_at
        )
        SELECT ${ranking}, "userId", 'Name of ' || "userId", region, score, "sortKey", sub, "subKey", metadata::json,
          'epoch'::timestamptz + "reachedAt" * interval '1 microsecond',
          'epoch'::timestamptz + "reachedAt" * interval '1 microsecond'
        FROM json_to_recordset(${JSON.stringify(json)}::text::json) AS row (
          "userId" TEXT, region TEXT, score BIGINT, "sortKey" BIGINT, sub BIGINT, "subKey" BIGINT, metadata TEXT,
          "reachedAt" BIGINT
        )`;
      await sql`
        INSERT INTO season_ends (board, season, region, tag, count, hidden, starts_at, ends_at, version)
        VALUES (${board}, ${season}, ${region}, ${region}, ${json.length}, 0, ${time(sql, STARTS)}, ${time(sql, ENDS)}, 1)`;
      await sql`
        INSERT INTO ended_seasons (ranking, region, board, season, starts_at, ends_at, frozen)
        VALUES (${ranking}, ${region}, ${board}, ${season}, ${time(sql, STARTS)}, ${time(sql, ENDS)}, TRUE)`;
      const [done] = await sql`
        SELECT archive_season(${ranking}, ${region}, ARRAY[${region}], ${String(json.length)}::bigint) AS state`;
      if (done?.state !== "final") throw new Error(`the season is ${done?.state}`);
      await sql`DELETE FROM leaderboard WHERE board = ${ranking} AND region = ${region}`;
    });
  }

  return {
    server,
    databases,
    archives,
    inRegion,
    async close() {
      await Promise.all([archives.close(), databases.close()]);
      await server.dispose();
    },

    /** Archives a season in all regions, and makes it final. */
    async archive(board: string, season: number, rows: readonly EndedRow[]): Promise<void> {
      for (const region of regions) await archiveRegion(board, season, region, rows);
      await databases.home.run(
        (sql) => sql`
          INSERT INTO seasons (board, season, starts_at, ends_at, state, total)
          SELECT board, season, starts_at, ends_at, 'final', ${rows.length}
          FROM ended_seasons WHERE board = ${board} AND season = ${season} LIMIT 1`,
      );
    },

    /** As an operator's act does, in the region of the player. */
    setHidden: (region: string, userId: string, hidden: boolean) =>
      inRegion(
        region,
        (sql) => sql`
          INSERT INTO visibility VALUES (${region}, ${userId}, ${hidden}, now())
          ON CONFLICT (region, user_id) DO UPDATE SET hidden = excluded.hidden`,
      ),

    erase: (region: string, userId: string) =>
      inRegion(
        region,
        (sql) => sql`SELECT erase_entries(ARRAY[${region}], ARRAY[${userId}], ARRAY[${String(ENDS + 1)}])`,
      ),
  };
}
