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
export function seedPostgres(url: string, table: keyof typeof TABLES, players: Players): Promise<number> {
  const { columns, toRow } = TABLES[table];
  function* rows() {
    for (const batch of inBatches(players, BATCH)) {
      // By id, as the drainer folds a batch: it decides how full the pages of the index become.
      const sorted = batch.sort((a, b) => (a.userId < b.userId ? -1 : 1));
      for (const player of sorted) yield toRow(player, toIsoTime(player.reachedAtUs));
    }
  }
  return copyRows(url, { table, columns }, rows());
}

type Row = readonly (string | number)[];

/** Does the same for rows of any kind. No value may have a tab, a line break or a backslash. */
export async function copyRows(
  url: string,
  { table, columns }: { table: string; columns: string },
  rows: Iterable<Row>,
): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const sql = stack.adopt(postgres(url, { max: 1 }), (pool) => pool.end());
  const copy = await sql.unsafe(`COPY ${table} (${columns}) FROM STDIN`).writable();
  let lines: string[] = [];
  for (const row of rows) {
    lines.push(`${row.join("\t")}\n`);
    if (lines.length < BATCH) continue;
    const hasRoom = copy.write(lines.join(""));
    lines = [];
    if (!hasRoom) await new Promise((resolve) => copy.once("drain", resolve));
  }
  copy.end(lines.join(""));
  await finished(copy);
  await sql`VACUUM (ANALYZE) ${sql(table)}`;
  const [size] = await sql<{ bytes: string }[]>`SELECT pg_total_relation_size(${table}::text::regclass) AS bytes`;
  return Number(size?.bytes);
}
