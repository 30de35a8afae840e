import type { SeasonEnd } from "shared/model/events";
import { toArrayLiteral } from "shared/postgres/array-literal";
import type { Sql } from "shared/postgres/connect-postgres";
import { toRankingName } from "shared/seasons/ranking-name";
import type { QueuePlace } from "../drain/event-kind.ts";
import { fold } from "../drain/fold.ts";
import { admit } from "../rows/admission.ts";
import { inOrder, isNotDeleted, toTime } from "../rows/version-rule.ts";

/**
 * Writes which seasons have ended on a shard, and with how many entries. A season ends once on a
 * shard: an end that is there stays.
 *
 * @returns the number of seasons that ended in the region with these
 */
export async function upsertSeasonEnds(
  sql: Sql,
  events: readonly SeasonEnd[],
  { tag, origin }: QueuePlace,
): Promise<number> {
  const ends = fold(events, ({ board, season_ended, region }) => `${board}\n${season_ended}\n${region}`);
  const column = (name: keyof SeasonEnd) => toArrayLiteral(ends.map((end) => String(end[name])));
  const rankings = toArrayLiteral(ends.map(({ board, season_ended }) => toRankingName(board, season_ended)));
  const written = await sql`
    WITH event AS MATERIALIZED (
      SELECT * FROM unnest(
        ${column("board")}::text[], ${rankings}::text[], ${column("season_ended")}::integer[],
        ${column("region")}::text[], ${column("count")}::bigint[], ${column("hidden")}::bigint[],
        ${column("starts_at")}::bigint[], ${column("ends_at")}::bigint[], ${column("updated_at")}::bigint[]
      ) WITH ORDINALITY AS event (
        board, ranking, season, region, count, hidden, starts_at, ends_at, updated_at, place
      )
      WHERE ${admit(sql, origin, events)} AND ${isNotDeleted(sql, new Set(ends.map(({ board }) => board)))}
    ), shard AS (
      INSERT INTO season_ends (board, season, region, tag, count, hidden, starts_at, ends_at, version)
      SELECT board, season, region, ${tag}, count, hidden, ${toTime(sql, "starts_at")}, ${toTime(sql, "ends_at")},
        updated_at
      FROM event ${inOrder(sql)}
      ON CONFLICT (board, season, region, tag) DO NOTHING
    )
    INSERT INTO ended_seasons (ranking, region, board, season, starts_at, ends_at)
    SELECT ranking, region, board, season, ${toTime(sql, "starts_at")}, ${toTime(sql, "ends_at")}
    FROM event ${inOrder(sql)}
    ON CONFLICT (ranking, region) DO NOTHING`;
  return written.count;
}
