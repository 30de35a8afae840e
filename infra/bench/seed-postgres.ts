import { MAIN_BOARD } from "shared/redis/keys";
import { createInFlight } from "../../drainer/src/command/in-flight.ts";
import type { Database } from "../../drainer/src/postgres/database.ts";
import { upsertAccounts } from "../../drainer/src/rows/upsert-accounts.ts";
import { upsertScores } from "../../drainer/src/rows/upsert-scores.ts";
import { inBatches, type Player, type Players } from "./players.ts";
import { PASSWORD_HASH } from "./seed-redis.ts";

const BATCH = 5_000;
const BATCHES_IN_FLIGHT = 2;

/** Bytes of a table with its indexes, freshly written and vacuumed. */
export interface TableBytes {
  leaderboard: number;
  accounts: number;
}

/** Writes every player's entry and account with the drainer's own statements. @throws what PostgreSQL answers */
export async function seedPostgres(database: Database, region: string, players: Players): Promise<TableBytes> {
  const batches = createInFlight(BATCHES_IN_FLIGHT);
  for (const batch of inBatches(players, BATCH)) {
    // As fold leaves them: by id, which is the order of the primary key.
    const sorted = batch.sort((a, b) => (a.userId < b.userId ? -1 : 1));
    await batches.start(async () => {
      await database.run((sql) => upsertScores(sql, sorted.map(toEntry)));
      await database.run((sql) => upsertAccounts(sql, sorted.map(toAccount)));
    });
  }
  await batches.finish();
  await database.run((sql) => sql`VACUUM (ANALYZE) leaderboard`);
  await database.run((sql) => sql`VACUUM (ANALYZE) accounts`);
  return { leaderboard: await bytesOf("leaderboard"), accounts: await bytesOf("accounts") };

  function toEntry({ userId, name, score, reachedAtUs }: Player) {
    const times = { reached_at: String(reachedAtUs), updated_at: String(reachedAtUs) };
    return { board: MAIN_BOARD, user_id: userId, name, region, score: String(score), ...times };
  }

  function toAccount({ userId, name, reachedAtUs }: Player) {
    const times = { created_at: String(reachedAtUs), updated_at: String(reachedAtUs) };
    return { user_id: userId, name, region, password_hash: PASSWORD_HASH, ...times };
  }

  async function bytesOf(table: keyof TableBytes): Promise<number> {
    const rows = await database.run(
      (sql) => sql<{ bytes: string }[]>`SELECT pg_total_relation_size(${table}::text::regclass)::text AS bytes`,
    );
    return Number(rows[0]?.bytes);
  }
}
