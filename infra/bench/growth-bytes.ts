import { createTopology } from "shared/model/regions";
import { MAIN_BOARD } from "shared/redis/keys";
import { scratchPostgres } from "testing/scratch";
import { openDatabase } from "../../drainer/src/postgres/database.ts";
import { migrate } from "../../drainer/src/postgres/migrate.ts";
import { type GrowthBoard, REGION, startScratch } from "./growth-board.ts";
import { createPlayers } from "./players.ts";
import { seedPostgres } from "./seed-postgres.ts";
import { ENTRY_KINDS, type Kind, seedRedis } from "./seed-redis.ts";

/** What one player takes somewhere, on a board of some size. */
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

const DEADLINE_MS = 600_000; // vacuuming 10^7 rows takes a while

/** What an entry takes on a board, by kind where the board is one shard, and together. */
export function weighEntry({ entries, shards, bytes }: GrowthBoard): Weight[] {
  const weights = ENTRY_KINDS.map((kind) => ({ what: NAMES[kind], entries, bytes: (bytes.get(kind) ?? 0) / entries }));
  const together = weights.reduce((sum, weight) => sum + weight.bytes, 0);
  const total = { what: `Redis: an entry, ${shards === 1 ? "1 shard" : `${shards} shards`}`, entries, bytes: together };
  return shards === 1 ? [...weights, total] : [total];
}

/** What one kind of key after the other takes, in a Redis of their own. */
export async function weighKeys(kinds: readonly Kind[], entries: number, nowUs: number): Promise<Weight[]> {
  const { admin, dispose } = await startScratch();
  const topology = createTopology([REGION], 1, [MAIN_BOARD]);
  const players = createPlayers(entries, nowUs);
  const weights: Weight[] = [];
  try {
    for (const kind of kinds) {
      const bytes = await seedRedis(admin, { topology, region: REGION, players, kind });
      weights.push({ what: NAMES[kind], entries, bytes: bytes / entries });
    }
  } finally {
    await dispose();
  }
  return weights;
}

/** The rows, on boards of each size, in a PostgreSQL of their own. */
export async function weighRows(sizes: readonly number[], nowUs: number): Promise<Weight[]> {
  const server = await scratchPostgres(sizes.map(toDatabaseName));
  const weights: Weight[] = [];
  try {
    for (const entries of sizes) {
      const url = server.url(toDatabaseName(entries));
      await migrate(url);
      const database = openDatabase(url, { deadlineMs: DEADLINE_MS });
      try {
        const { leaderboard, accounts } = await seedPostgres(database, REGION, createPlayers(entries, nowUs));
        weights.push({ what: "PostgreSQL: row of the entry", entries, bytes: leaderboard / entries });
        weights.push({ what: "PostgreSQL: row of the account", entries, bytes: accounts / entries });
      } finally {
        await database.close();
      }
    }
  } finally {
    await server.dispose();
  }
  return weights;
}

const toDatabaseName = (entries: number) => `entries_${entries}`;
