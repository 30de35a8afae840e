import { migrate } from "../../../drainer/src/postgres/migrate.ts";
import { createPlayers } from "../stage/players.ts";
import { seedPostgres } from "../stage/seed-postgres.ts";
import { ENTRY_KINDS } from "../stage/seed-redis.ts";
import { startBenchPostgres } from "../stage/stores.ts";
import { REGION } from "../stage/topology.ts";
import { WEIGHT_NAMES, type Weight } from "../stage/weigh.ts";
import type { GrowthBoard } from "./board.ts";

/** The whole entry on a board; on one shard also each of its keys. */
export function weighEntry({ entries, shards, bytes }: GrowthBoard): Weight[] {
  const toWeight = (what: string, sum: number) => ({ what, entries, bytes: sum / entries });
  const weights = ENTRY_KINDS.map((kind) => toWeight(WEIGHT_NAMES[kind], bytes.get(kind) ?? Number.NaN));
  const together = ENTRY_KINDS.reduce((sum, kind) => sum + (bytes.get(kind) ?? Number.NaN), 0);
  const total = toWeight(`Redis: an entry, ${shards === 1 ? "1 shard" : `${shards} shards`}`, together);
  return shards === 1 ? [...weights, total] : [total];
}

/** The rows of a player, on boards of each size, in a new PostgreSQL. */
export async function weighRows(dir: string, sizes: readonly number[], nowUs: number): Promise<Weight[]> {
  const toDatabase = (entries: number) => `entries_${entries}`;
  await using server = await startBenchPostgres(dir, sizes.map(toDatabase));
  const weights: Weight[] = [];
  for (const entries of sizes) {
    const seed = { url: server.url(toDatabase(entries)), region: REGION, players: createPlayers(entries, nowUs) };
    await migrate(seed.url);
    const ofEntries = await seedPostgres({ ...seed, table: "leaderboard" });
    const ofAccounts = await seedPostgres({ ...seed, table: "accounts" });
    weights.push({ what: "PostgreSQL: row of the entry", entries, bytes: ofEntries / entries });
    weights.push({ what: "PostgreSQL: row of the account", entries, bytes: ofAccounts / entries });
  }
  return weights;
}
