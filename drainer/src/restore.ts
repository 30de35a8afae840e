import {
  accountClockKey,
  accountErasedKeyPrefix,
  accountKeyPrefix,
  arrivalsKey,
  boardKey,
  clockKey,
  erasedKeyPrefix,
  MAIN_BOARD,
  profileKeyPrefix,
  updatedAtField,
} from "shared/keys";
import { defineScript } from "shared/redis";
import { type Shard, shardOf, type Topology } from "shared/regions";
import type { Stores } from "shared/stores";
import { toArrival } from "shared/times";
import type { Databases } from "./databases.ts";
import { createInFlight, readAhead } from "./in-flight.ts";
import { type AccountRow, type EntryRow, readAccounts, readEntries } from "./read-rows.ts";
import accountsSource from "./restore-accounts.lua" with { type: "text" };
import scoresSource from "./restore-scores.lua" with { type: "text" };
import { isSoundAccount, isSoundEntry } from "./sound.ts";

/** What a restore did so far. */
export interface RestoreCounts {
  entries: number;
  /** Entries that Redis already held in a later version, or had erased since. */
  newer: number;
  accounts: number;
  /** Rows of regions or boards that are not configured, or that no write can have made: they stay in PostgreSQL alone. */
  unknown: number;
}

export interface RestoreOptions {
  topology: Topology;
  stores: Stores;
  databases: Databases;
  onProgress?: (counts: RestoreCounts) => void;
}

// A script of 250 rows holds Redis for some 3 ms: live traffic goes on between two of them.
const ROWS_PER_SCRIPT = 250;
// One that runs, and enough behind it that Redis never waits for us.
const SCRIPTS_IN_FLIGHT = 4;

const scoresScript = defineScript({ source: scoresSource, parse: Number });
const accountsScript = defineScript({ source: accountsSource, parse: Number });

/**
 * Rebuilds Redis from PostgreSQL beside live traffic: whatever Redis holds in a later version stays. Running it again
 * changes nothing more.
 *
 * @throws what Redis or PostgreSQL throw; what was restored by then stays, and another run completes it
 */
export async function restore({ topology, stores, databases, onProgress }: RestoreOptions): Promise<RestoreCounts> {
  const counts: RestoreCounts = { entries: 0, newer: 0, accounts: 0, unknown: 0 };
  const scripts = createInFlight(SCRIPTS_IN_FLIGHT);
  for await (const page of readAhead(readAccounts(databases.home))) {
    const known = page.filter(isSoundAccount);
    counts.unknown += page.length - known.length;
    for (const rows of slices(known)) {
      await scripts.start(async () => {
        const written = await accountsScript(stores.home, [accountClockKey], accountArgs(rows));
        counts.accounts += written; // not in one with the await: others count meanwhile
        onProgress?.(counts);
      });
    }
  }
  for (const database of databases.all) {
    for await (const page of readAhead(readEntries(database))) {
      const known = page.filter((row) => isSoundEntry(row) && isConfigured(topology, row));
      counts.unknown += page.length - known.length;
      for (const slice of slicesByKeys(topology, known)) {
        const { rows } = slice;
        await scripts.start(async () => {
          const written = await putSlice({ topology, stores }, slice);
          counts.entries += written;
          counts.newer += rows.length - written;
          onProgress?.(counts);
        });
      }
    }
  }
  await scripts.finish();
  return counts;
}

/** Puts rows into Redis, where it has nothing newer. @returns the rows written */
export async function putEntries(to: Pick<RestoreOptions, "topology" | "stores">, rows: readonly EntryRow[]) {
  let written = 0;
  for (const slice of slicesByKeys(to.topology, rows)) written += await putSlice(to, slice);
  return written;
}

interface Slice {
  shard: Shard;
  board: string;
  rows: readonly EntryRow[];
}

function putSlice({ topology, stores }: Pick<RestoreOptions, "topology" | "stores">, { shard, board, rows }: Slice) {
  const keys = [boardKey(shard, board), arrivalsKey(shard, board), clockKey(shard)];
  return scoresScript(stores.of(shard.region), keys, entryArgs(topology, shard, board, rows));
}

const isConfigured = ({ regions, boards }: Topology, { region, board }: EntryRow) =>
  regions.includes(region) && boards.includes(board);

function* slices<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < rows.length; i += ROWS_PER_SCRIPT) yield rows.slice(i, i + ROWS_PER_SCRIPT);
}

/** What one script may touch: rows of one board on one shard. */
function* slicesByKeys(topology: Topology, known: readonly EntryRow[]): Generator<Slice> {
  for (const [shard, onShard] of Map.groupBy(known, (row) => shardOf(topology, row.region, row.user_id))) {
    for (const [board, onBoard] of Map.groupBy(onShard, (row) => row.board)) {
      for (const rows of slices(onBoard)) yield { shard, board, rows };
    }
  }
}

function entryArgs({ boards }: Topology, shard: Shard, board: string, rows: readonly EntryRow[]) {
  const versionFields = [board, ...boards.filter((other) => other !== board)].map(updatedAtField);
  const args = [
    profileKeyPrefix(shard),
    erasedKeyPrefix(shard),
    board === MAIN_BOARD ? "score" : "",
    versionFields.length,
    ...versionFields,
  ];
  for (const row of rows) {
    args.push(row.user_id, row.name, row.region, row.score, toArrival(Number(row.reached_at)), row.updated_at);
  }
  return args;
}

function accountArgs(rows: readonly AccountRow[]) {
  const args = [accountKeyPrefix, accountErasedKeyPrefix];
  for (const row of rows) {
    args.push(row.user_id, row.name, row.region, row.password_hash, row.created_at, row.updated_at);
  }
  return args;
}
