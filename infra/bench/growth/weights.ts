import { migrate } from "../../../drainer/src/postgres/migrate.ts";
import { createPlayers } from "../stage/players.ts";
import { seedPostgres } from "../stage/seed-postgres.ts";
import { ENTRY_KINDS, type Kind } from "../stage/seed-redis.ts";
import { startBenchPostgres } from "../stage/stores.ts";
import { REGION } from "../stage/topology.ts";
import { type WeighOptions, weighKeys } from "../stage/weigh-keys.ts";
import type { GrowthBoard } from "./board.ts";

/** The bytes that one player takes in a store, on a board of some size. */
export interface Weight {
  what: string;
  entries: number;
  bytes: number;
}

const NAMES: Record<Kind, string> = {
  bare: "Redis: a bare sorted set",
  ranking: "Redis: ranking",
  record: "Redis: record",
  account: "Redis: account with a password",
  answer: "Redis: answer kept for an Idempotency-Key",
};

/** The whole entry on a board; on one shard also each of its keys. */
export function weighEntry({ entries, shards, bytes }: GrowthBoard): Weight[] {
  const weights = ENTRY_KINDS.map((kind) => ({ what: NAMES[kind], entries, bytes: (bytes.get(kind) ?? 0) / entries }));
  const together = weights.reduce((sum, weight) => sum + weight.bytes, 0);
  const total = { what: `Redis: an entry, ${shards === 1 ? "1 shard" : `${shards} shards`}`, entries, bytes: together };
  return shards === 1 ? [...weights, total] : [total];
}

/** Some kinds of keys, in a new Redis. */
export async function weighKinds(kinds: readonly Kind[], options: WeighOptions): Promise<Weight[]> {
  const bytes = await weighKeys(kinds, options);
  return kinds.map((kind, index) => ({
    what: NAMES[kind],
    entries: options.entries,
    bytes: bytes[index] ?? Number.NaN,
  }));
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
