/** Reads the entries of Redis and of PostgreSQL in one form, so that a test can compare them. */

import connect from "postgres";
import { ARRIVAL_DIGITS, fromArrival } from "shared/base/times";
import { parseRecord } from "shared/entries/records";
import { boardKey, entriesKey, MAIN_BOARD } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";

/** A player's entry on a board, in a form that is the same for both stores. */
export interface StoredEntry {
  userId: string;
  score: number;
  /** `user_id score reached_at updated_at`, times in microseconds. */
  text: string;
}

const toEntry = (userId: string, score: string, reachedAt: string | number, updatedAt: string): StoredEntry => ({
  userId,
  score: Number(score),
  text: `${userId} ${score} ${reachedAt} ${updatedAt}`,
});

/** @returns a shard's entries by rank @throws Error where a record contradicts the ranking */
export async function readRedisEntries(redis: Redis, tag: string, board = MAIN_BOARD): Promise<StoredEntry[]> {
  const shard = { region: tag, partition: 0, tag };
  const flat = await redis.zrevrange(boardKey(shard, board), 0, -1, "WITHSCORES");
  const ranked = Array.from({ length: flat.length / 2 }, (_, i) => ({
    member: flat[2 * i] ?? "",
    score: flat[2 * i + 1] ?? "",
  }));
  return Promise.all(
    ranked.map(async ({ member, score }) => {
      const userId = member.slice(ARRIVAL_DIGITS);
      const record = (await redis.hget(entriesKey(shard, board), userId)) ?? "";
      const { place, updatedAt, rankedScore: recorded } = parseRecord(record);
      if (recorded !== score || member !== place + userId) {
        throw new Error(`${userId} is ${member} with ${score} in the ranking, and in the record ${record}`);
      }
      return toEntry(userId, score, fromArrival(member.slice(0, ARRIVAL_DIGITS)), updatedAt);
    }),
  );
}

interface EntryRow {
  user_id: string;
  points: string;
  reached_us: string;
  updated_us: string;
}

/** @returns a database's entries by rank */
export async function readPostgresEntries(url: string, board = MAIN_BOARD): Promise<StoredEntry[]> {
  const sql = connect(url, { max: 1 });
  try {
    const rows = await sql<EntryRow[]>`
      SELECT user_id, score::text AS points, (extract(epoch FROM reached_at) * 1000000)::bigint::text AS reached_us,
             (extract(epoch FROM updated_at) * 1000000)::bigint::text AS updated_us
      FROM leaderboard WHERE board = ${board}
      ORDER BY score DESC, reached_at, user_id COLLATE "C" DESC`;
    return rows.map((row) => toEntry(row.user_id, row.points, row.reached_us, row.updated_us));
  } finally {
    await sql.end();
  }
}
