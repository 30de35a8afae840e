import connect, { type Sql } from "postgres";
import { parseKeptBoard } from "shared/boards/kept-board";
import { ACCOUNTS_TAG } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { keysOf } from "testing/whole-store";
import type { SeasonEntry, SeasonTimes } from "./season-history.ts";

/** The stores of a site, past the proxies. */
export interface SeasonStores {
  regions: readonly string[];
  /** Each Redis once, that of the accounts first. */
  redises: readonly Redis[];
  /** Of a region; that of `GLOBAL` is the home database. */
  postgresUrl(region: string): string;
}

/** A season as a region's database has it. */
export interface RegionSeason extends SeasonTimes {
  season: number;
  state: string;
  settled: boolean;
}

/** A season as the home database has it. */
export interface HomeSeason extends SeasonTimes {
  season: number;
  state: string;
  total: number | null;
  /** Rows of the outbox that tell of its end. */
  told: number;
}

/** An entry with what else its row says. */
export interface SeasonRow extends SeasonEntry {
  region: string;
  isArchived: boolean;
  /** In the archive of its region; null where it has none. */
  rank: number | null;
  /**
   * Its place among the rows of the archive, which is its rank where no player was hidden or
   * erased.
   */
  place: number | null;
}

async function asked<T>(url: string, ask: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = connect(url, { max: 1, onnotice: () => {} });
  try {
    return await ask(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

const us = (sql: Sql, column: string) => sql.unsafe(`(extract(epoch FROM ${column}) * 1000000)::bigint::text`);

/** The season that runs on the shard that is the furthest; 0 where no shard knows the board. */
export async function readRunning({ redises }: SeasonStores, board: string): Promise<number> {
  let latest = 0;
  for (const redis of redises) {
    const keys = (await keysOf(redis, "boards:{*}")).filter((key) => !key.includes(`{${ACCOUNTS_TAG}}`));
    for (const key of keys) {
      const kept = parseKeptBoard((await redis.hget(key, board)) ?? "");
      latest = Math.max(latest, kept?.seasons?.season ?? 0);
    }
  }
  return latest;
}

/** All seasons of a board that have ended in a region. */
export function readEndedIn(stores: SeasonStores, region: string, board: string): Promise<RegionSeason[]> {
  return asked(stores.postgresUrl(region), async (sql) => {
    const rows = await sql<{ season: number; state: string; settled: boolean; starts: string; ends: string }[]>`
      SELECT season, state, settled, ${us(sql, "starts_at")} AS starts, ${us(sql, "ends_at")} AS ends
      FROM ended_seasons WHERE board = ${board} AND region = ${region} ORDER BY season`;
    return rows.map(({ starts, ends, ...row }) => ({ ...row, startsAt: Number(starts), endsAt: Number(ends) }));
  });
}

/** All seasons of a board that have ended anywhere. */
export function readHome(stores: SeasonStores, board: string): Promise<HomeSeason[]> {
  const [home = ""] = stores.regions;
  return asked(stores.postgresUrl(home), async (sql) => {
    const rows = await sql<
      { season: number; state: string; total: string | null; told: string; starts: string; ends: string }[]
    >`
      SELECT season, state, total::text AS total, ${us(sql, "starts_at")} AS starts, ${us(sql, "ends_at")} AS ends, (
        SELECT count(*) FROM outbox
        WHERE kind = 'season.ended' AND body ->> 'board' = board AND (body ->> 'season')::integer = season
      )::text AS told
      FROM seasons WHERE board = ${board} ORDER BY season`;
    return rows.map(({ season, state, total, told, starts, ends }) => ({
      season,
      state,
      total: total === null ? null : Number(total),
      told: Number(told),
      startsAt: Number(starts),
      endsAt: Number(ends),
    }));
  });
}

/**
 * Every entry of a board in all its seasons, of one moment: an archived one that is left in
 * `leaderboard`, too, comes once where both are the same, else twice.
 */
export function readRows(stores: SeasonStores, region: string, board: string): Promise<SeasonRow[]> {
  return asked(stores.postgresUrl(region), async (sql) => {
    const rows = await sql<
      {
        season: number;
        user_id: string;
        score: string;
        updated: string;
        is_archived: boolean;
        rank: string | null;
        place: string | null;
      }[]
    >`
      WITH kept AS (
        SELECT season, user_id, score, updated_at, rank, row_number() OVER (
          PARTITION BY season ORDER BY score DESC, reached_at, user_id COLLATE "C" DESC
        ) AS place
        FROM archived WHERE board = ${board} AND region = ${region}
      ), live AS (
        SELECT split_part(board, '@', 2)::integer AS season, user_id, score, updated_at
        FROM leaderboard WHERE board LIKE ${`${board}@%`} AND region = ${region}
      )
      SELECT season, user_id, score::text AS score, ${us(sql, "updated_at")} AS updated, true AS is_archived,
        rank::text AS rank, place::text AS place
      FROM kept
      UNION ALL
      SELECT season, user_id, score::text, ${us(sql, "updated_at")}, false, NULL, NULL FROM live
      WHERE NOT EXISTS (
        SELECT FROM kept WHERE kept.season = live.season AND kept.user_id = live.user_id
          AND kept.score = live.score AND kept.updated_at = live.updated_at
      )`;
    const toNumber = (text: string | null) => (text === null ? null : Number(text));
    return rows.map((row) => ({
      region,
      season: row.season,
      userId: row.user_id,
      score: Number(row.score),
      updatedAt: Number(row.updated),
      isArchived: row.is_archived,
      rank: toNumber(row.rank),
      place: toNumber(row.place),
    }));
  });
}
