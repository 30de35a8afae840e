import {
  accountClockKey,
  accountKey,
  arrivalsKey,
  boardKey,
  clockKey,
  MAIN_BOARD,
  profileKeyPrefix,
  updatedAtField,
} from "shared/keys";
import { defineScript, type Redis } from "shared/redis";
import { type Shard, shardOf, type Topology } from "shared/regions";
import type { Stores } from "shared/stores";
import { toArrival } from "shared/times";
import type { Databases } from "./databases.ts";
import { type AccountRow, type EntryRow, readAccounts, readEntries } from "./read-rows.ts";
import accountSource from "./restore-account.lua" with { type: "text" };
import scoresSource from "./restore-scores.lua" with { type: "text" };

/** What a restore did so far. */
export interface RestoreCounts {
  entries: number;
  /** Entries that Redis already held in a later version. */
  newer: number;
  accounts: number;
  /** Rows of regions or boards that are not configured: they stay in PostgreSQL alone. */
  unknown: number;
}

export interface RestoreOptions {
  topology: Topology;
  stores: Stores;
  databases: Databases;
  onProgress?: (counts: RestoreCounts) => void;
}

// A script of 500 rows holds Redis for some 4 ms: live traffic goes on between two of them.
const ROWS_PER_SCRIPT = 500;
const ACCOUNTS_AT_ONCE = 500;

const scoresScript = defineScript({ source: scoresSource, parse: Number, hasOtherKeys: true });
const accountScript = defineScript({ source: accountSource, parse: Number });

/**
 * Rebuilds Redis from PostgreSQL beside live traffic: whatever Redis holds in a later version stays. Running it again
 * changes nothing more.
 *
 * @throws what Redis or PostgreSQL throw; what was restored by then stays, and another run completes it
 */
export async function restore({ topology, stores, databases, onProgress }: RestoreOptions): Promise<RestoreCounts> {
  const counts: RestoreCounts = { entries: 0, newer: 0, accounts: 0, unknown: 0 };
  for await (const page of readAccounts(databases.home)) {
    for (let i = 0; i < page.length; i += ACCOUNTS_AT_ONCE) {
      const slice = page.slice(i, i + ACCOUNTS_AT_ONCE);
      const written = await Promise.all(slice.map((row) => restoreAccount(stores.home, row)));
      counts.accounts += written.reduce((sum, one) => sum + one, 0);
    }
    onProgress?.(counts);
  }
  for (const database of databases.all) {
    for await (const page of readEntries(database)) {
      const known = page.filter((row) => topology.regions.includes(row.region) && topology.boards.includes(row.board));
      counts.unknown += page.length - known.length;
      for (const [shard, rows] of byShard(topology, known)) {
        const written = await restoreEntries(stores.of(shard.region), shard, rows);
        counts.entries += written;
        counts.newer += rows.length - written;
      }
      onProgress?.(counts);
    }
  }
  return counts;
}

const restoreAccount = (redis: Redis, row: AccountRow) =>
  accountScript(
    redis,
    [accountKey(row.user_id), accountClockKey],
    [row.name, row.region, row.password_hash, row.created_at, row.updated_at],
  );

function byShard(topology: Topology, rows: readonly EntryRow[]): Map<Shard, EntryRow[]> {
  return Map.groupBy(rows, (row) => shardOf(topology, row.region, row.user_id));
}

/** @returns the rows written */
async function restoreEntries(redis: Redis, shard: Shard, rows: readonly EntryRow[]): Promise<number> {
  let written = 0;
  for (const [board, onBoard] of Map.groupBy(rows, (row) => row.board)) {
    const keys = [boardKey(shard, board), arrivalsKey(shard, board), clockKey(shard)];
    const head = [profileKeyPrefix(shard), updatedAtField(board), board === MAIN_BOARD ? "score" : ""];
    for (let i = 0; i < onBoard.length; i += ROWS_PER_SCRIPT) {
      const values = onBoard
        .slice(i, i + ROWS_PER_SCRIPT)
        .flatMap((row) => [
          ...[row.user_id, row.name, row.region, row.score],
          ...[toArrival(Number(row.reached_at)), row.updated_at],
        ]);
      written += await scoresScript(redis, keys, [...head, ...values]);
    }
  }
  return written;
}
