import { migrate } from "../../../drainer/src/postgres/migrate.ts";
import type { Players } from "./players.ts";
import { seedPostgres } from "./seed-postgres.ts";
import { type Kind, seedRedis } from "./seed-redis.ts";
import { startBenchPostgres, startBenchRedis, WITHOUT_FILE } from "./stores.ts";
import { REGION, toOneRegion } from "./topology.ts";

/** Seeds one kind of key into a new Redis. @returns the bytes a player */
export async function weighKind(dir: string, players: Players, kind: Kind): Promise<number> {
  await using redis = await startBenchRedis(dir, WITHOUT_FILE);
  return (await seedRedis(redis.admin, kind, { topology: toOneRegion(1), region: REGION, players })) / players.count;
}

/** Seeds a new PostgreSQL. @returns the bytes a player of the row of an entry, and of an account */
export async function weighRows(dir: string, players: Players): Promise<[entry: number, account: number]> {
  const database = `entries_${players.count}`;
  await using server = await startBenchPostgres(dir, [database]);
  const url = server.url(database);
  await migrate(url);
  const entries = await seedPostgres(url, "leaderboard", players);
  return [entries / players.count, (await seedPostgres(url, "accounts", players)) / players.count];
}
