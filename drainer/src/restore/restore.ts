import type { Shard, Topology } from "shared/model/regions";
import type { Databases } from "shared/postgres/databases";
import { ACCOUNTS_TAG } from "shared/redis/keys";
import { parseRankingName } from "shared/seasons/ranking-name";
import type { Stores } from "shared/stores/stores";
import { restoreBoards } from "../boards/restore-boards.ts";
import { createInFlight, readAhead } from "../command/in-flight.ts";
import { retryBriefly } from "../command/retry-briefly.ts";
import { type EntryRow, readEntries } from "../rows/read-entries.ts";
import { isSoundEntry } from "../rows/sound-rows.ts";
import { putEntries, SCRIPTS_IN_FLIGHT, slicesByKeys } from "./put-entries.ts";
import { restoreAccounts } from "./restore-accounts.ts";
import { restoreErasures } from "./restore-erasures.ts";
import { restoreVisibility } from "./restore-visibility.ts";

/** The progress of a restore. */
export interface RestoreCounts {
  entries: number;
  /** Entries that Redis has in a later version, or has erased since. */
  newer: number;
  accounts: number;
  /** What operators set. */
  settings: number;
  /** Rows left out: of a region that is not configured, or with values that no service writes. */
  unknown: number;
}

export interface RestoreOptions {
  topology: Topology;
  stores: Stores;
  databases: Databases;
  /** Tags of the shards to restore, and `accounts`; all of them where absent. */
  only?: ReadonlySet<string>;
  /** Called between pages. May throw to end the restore. */
  onProgress?: (counts: RestoreCounts) => void;
}

/**
 * Rebuilds Redis from PostgreSQL beside live traffic. Entries with a later version in Redis stay,
 * and running it again changes nothing more. What entries depend on comes first: the boards that a
 * shard knows, the erasures, and who is hidden.
 *
 * @throws what Redis or PostgreSQL throw; restored entries stay, and another run completes the
 *   restore
 */
export async function restore(options: RestoreOptions): Promise<RestoreCounts> {
  const { topology, stores, databases, only, onProgress } = options;
  const isIncluded = ({ tag }: Pick<Shard, "tag">) => only === undefined || only.has(tag);
  const counts: RestoreCounts = { entries: 0, newer: 0, accounts: 0, settings: 0, unknown: 0 };
  function onRows(more: Partial<RestoreCounts>): void {
    for (const name of COUNTED) counts[name] += more[name] ?? 0;
    onProgress?.(counts);
  }
  if (isIncluded({ tag: ACCOUNTS_TAG })) await restoreAccounts(databases.home, stores.home, onRows);

  const shards = topology.shards.filter(isIncluded);
  if (shards.length > 0) await restoreBoards(options, shards);
  const regions = topology.regions.filter((region) => shards.some((shard) => shard.region === region));
  for (const region of regions) {
    const restored = { region, topology, stores, database: databases.of(region), isIncluded, onPage: () => onRows({}) };
    await restoreErasures(restored);
    await restoreVisibility(restored);
  }

  const meant = only === undefined ? databases.all : new Set(regions.map((region) => databases.of(region)));
  await using scripts = createInFlight(SCRIPTS_IN_FLIGHT);
  for (const database of meant) {
    for await (const page of readAhead(readEntries(database))) {
      const known = page.filter((row) => isSoundEntry(row) && isKnown(topology, row));
      onRows({ unknown: page.length - known.length });
      for (const slice of slicesByKeys(topology, known)) {
        if (!isIncluded(slice.shard)) continue;
        await scripts.start(async () => {
          const entries = await retryBriefly(() => putEntries(stores.of(slice.shard.region), slice));
          onRows({ entries, newer: slice.rows.length - entries });
        });
      }
    }
  }
  await scripts.finish();
  return counts;
}

const COUNTED = ["entries", "newer", "accounts", "settings", "unknown"] as const;

const isKnown = ({ regions }: Topology, { region, board }: EntryRow) =>
  regions.includes(region) && parseRankingName(board) !== undefined;
