import { finished } from "node:stream/promises";
import postgres from "postgres";
import { toIsoTime } from "shared/base/times";
import { MAIN_BOARD } from "shared/redis/keys";
import { inBatches, type Player, type Players } from "./players.ts";
import { PASSWORD_HASH } from "./seed-redis.ts";
import { REGION } from "./topology.ts";

const BATCH = 5_000;

/** The tables that a drainer fills, with the columns and the row that it writes for a player. */
const TABLES = {
  leaderboard: {
    columns: "board, user_id, name, region, score, reached_at, updated_at",
    toRow: ({ userId, name, score }: Player, time: string) => [MAIN_BOARD, userId, name, REGION, score, time, time],
  },
  accounts: {
    columns: "user_id, name, region, password_hash, created_at, updated_at",
    toRow: ({ userId, name }: Player, time: string) => [userId, name, REGION, PASSWORD_HASH, time, time],
  },
};

/** Fills a table by `COPY` and vacuums it. @returns its bytes, indexes included */
export async function seedPostgres(url: string, table: keyof typeof TABLES, players: Players): Promise<number> {
  const { columns, toRow } = TABLES[table];
  await using stack = new AsyncDisposableStack();
  const sql = stack.adopt(postgres(url, { max: 1 }), (pool) => pool.end());
  const copy = await sql.unsafe(`COPY ${table} (${columns}) FROM STDIN`).writable();
  for (const batch of inBatches(players, BATCH)) {
    // By id, as the drainer folds a batch: it decides how full the pages of the index become.
    const sorted = batch.sort((a, b) => (a.userId < b.userId ? -1 : 1));
    const lines = sorted.map((player) => `${toRow(player, toIsoTime(player.reachedAtUs)).join("\t")}\n`);
    const hasRoom = copy.write(lines.join(""));
    if (!hasRoom) await new Promise((resolve) => copy.once("drain", resolve));
  }
  copy.end();
  await finished(copy);
  await sql`VACUUM (ANALYZE) ${sql(table)}`;
  const [size] = await sql<{ bytes: string }[]>`SELECT pg_total_relation_size(${table}::text::regclass) AS bytes`;
  return Number(size?.bytes);
}
