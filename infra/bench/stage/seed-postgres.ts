import { finished } from "node:stream/promises";
import postgres from "postgres";
import { toIsoTime } from "shared/base/times";
import { MAIN_BOARD } from "shared/redis/keys";
import { inBatches, type Player, type Players } from "./players.ts";
import { PASSWORD_HASH } from "./seed-redis.ts";

const BATCH = 5_000;

/** The tables that a drainer fills, with the columns and the row that it writes for a player. */
const TABLES = {
  leaderboard: {
    columns: "board, user_id, name, region, score, reached_at, updated_at",
    toRow: ({ userId, name, score }: Player, region: string, time: string) =>
      [MAIN_BOARD, userId, name, region, score, time, time].join("\t"),
  },
  accounts: {
    columns: "user_id, name, region, password_hash, created_at, updated_at",
    toRow: ({ userId, name }: Player, region: string, time: string) =>
      [userId, name, region, PASSWORD_HASH, time, time].join("\t"),
  },
};
export type Table = keyof typeof TABLES;

/** Where to write a row for each player. */
export interface PostgresSeed {
  url: string;
  region: string;
  players: Players;
  table: Table;
}

/** Fills a table by `COPY` and vacuums it. @returns its bytes, indexes included @throws what PostgreSQL answers */
export async function seedPostgres({ url, region, players, table }: PostgresSeed): Promise<number> {
  const { columns, toRow } = TABLES[table];
  const sql = postgres(url, { max: 1 });
  try {
    const copy = await sql.unsafe(`COPY ${table} (${columns}) FROM STDIN`).writable();
    for (const batch of inBatches(players, BATCH)) {
      // By id, as the drainer folds a batch: it decides how full the pages of the index become.
      const sorted = batch.sort((a, b) => (a.userId < b.userId ? -1 : 1));
      const lines = sorted.map((player) => `${toRow(player, region, toIsoTime(player.reachedAtUs))}\n`);
      const hasRoom = copy.write(lines.join(""));
      if (!hasRoom) await new Promise((resolve) => copy.once("drain", resolve));
    }
    copy.end();
    await finished(copy);
    await sql`VACUUM (ANALYZE) ${sql(table)}`;
    const [size] = await sql<{ bytes: string }[]>`SELECT pg_total_relation_size(${table}::text::regclass) AS bytes`;
    return Number(size?.bytes);
  } finally {
    await sql.end();
  }
}
