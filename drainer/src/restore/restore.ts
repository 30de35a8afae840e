import { type Shard, shardOf, type Topology } from "shared/model/regions";
import { SETTING_KINDS } from "shared/model/settings";
import { ACCOUNTS_TAG, accountClockKey, accountErasedKeyPrefix, accountKeyPrefix } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { versionsPart } from "shared/redis/scripts/parts";
import type { Stores } from "shared/stores/stores";
import { createInFlight, readAhead } from "../command/in-flight.ts";
import { retryBriefly } from "../command/retry-briefly.ts";
import type { Databases } from "../postgres/databases.ts";
import { type AccountRow, accountArgs, readAccounts } from "../rows/read-accounts.ts";
import { type EntryRow, readEntries } from "../rows/read-entries.ts";
import { readVisibility } from "../rows/read-visibility.ts";
import { isSoundAccount, isSoundEntry, isSoundSetting, isSoundVisibility } from "../rows/sound-rows.ts";
import { putSettings } from "../settings/put-settings.ts";
import { readSettings } from "../settings/read-settings.ts";
import { putEntries, SCRIPTS_IN_FLIGHT, slices, slicesByKeys } from "./put-entries.ts";
import { putVisibility } from "./put-visibility.ts";
import accountsSource from "./restore-accounts.lua" with { type: "text" };
import { restoreAccountErasures, restoreErasures } from "./restore-erasures.ts";

/** The progress of a restore. */
export interface RestoreCounts {
  entries: number;
  /** Entries that Redis has in a later version, or has erased since. */
  newer: number;
  accounts: number;
  /** What operators set. */
  settings: number;
  /**
   * Rows left out: of a region or board that is not configured, or with values that no service
   * writes.
   */
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

const accountsLayout = defineLayout({
  keys: ["clock"],
  args: { accountPrefix: "text", erasedPrefix: "text" },
  item: { user_id: "text", ...accountArgs },
});
const accountsScript = defineScript({
  name: "restore-accounts",
  source: accountsSource,
  parts: [versionsPart],
  layout: accountsLayout,
  parse: Number,
  hasOtherKeys: true,
});

/**
 * Rebuilds Redis from PostgreSQL beside live traffic. Entries with a later version in Redis stay,
 * and running it again changes nothing more.
 *
 * @throws what Redis or PostgreSQL throw; restored entries stay, and another run completes the
 *   restore
 */
export async function restore(options: RestoreOptions): Promise<RestoreCounts> {
  const { topology, stores, databases, only, onProgress } = options;
  const isIncluded = ({ tag }: Pick<Shard, "tag">) => only === undefined || only.has(tag);
  const regions = topology.regions.filter((region) =>
    topology.shards.some((shard) => shard.region === region && isIncluded(shard)),
  );
  const counts: RestoreCounts = { entries: 0, newer: 0, accounts: 0, settings: 0, unknown: 0 };
  await using scripts = createInFlight(SCRIPTS_IN_FLIGHT);
  const onPage = () => onProgress?.(counts);
  const hasAccounts = isIncluded({ tag: ACCOUNTS_TAG });
  if (hasAccounts) await restoreAccountErasures(databases.home, stores.home, { onPage });
  for await (const page of hasAccounts ? readAhead(readAccounts(databases.home)) : []) {
    const known = page.filter(isSoundAccount);
    counts.unknown += page.length - known.length;
    for (const rows of slices(known)) {
      await scripts.start(async () => {
        const written = await retryBriefly(() => putAccounts(stores.home, rows));
        counts.accounts += written; // after the await: other scripts count meanwhile
        onProgress?.(counts);
      });
    }
  }
  for (const kind of hasAccounts ? SETTING_KINDS : []) {
    for await (const page of readAhead(readSettings(databases.home, kind))) {
      const known = page.filter(isSoundSetting);
      counts.unknown += page.length - known.length;
      for (const rows of slices(known)) {
        await scripts.start(async () => {
          const written = await retryBriefly(() => putSettings(stores.home, kind, rows));
          counts.settings += written;
          onProgress?.(counts);
        });
      }
    }
  }
  for (const region of regions) {
    await restoreErasures(databases.of(region), region, isIncluded, { topology, stores, onPage });
    for await (const page of readAhead(readVisibility(databases.of(region), region))) {
      for (const row of page.filter(isSoundVisibility)) {
        const place = { shard: shardOf(topology, region, row.user_id), boards: topology.configuredBoards };
        if (!isIncluded(place.shard)) continue;
        await scripts.start(async () => {
          await retryBriefly(() => putVisibility(stores.of(region), place, row));
        });
      }
    }
  }
  const meant = only === undefined ? databases.all : new Set(regions.map((region) => databases.of(region)));
  for (const database of meant) {
    for await (const page of readAhead(readEntries(database))) {
      const known = page.filter((row) => isSoundEntry(row) && isConfigured(topology, row));
      counts.unknown += page.length - known.length;
      onPage();
      for (const slice of slicesByKeys(topology, known)) {
        if (!isIncluded(slice.shard)) continue;
        await scripts.start(async () => {
          const written = await retryBriefly(() => putEntries(stores.of(slice.shard.region), slice));
          counts.entries += written;
          counts.newer += slice.rows.length - written;
          onProgress?.(counts);
        });
      }
    }
  }
  await scripts.finish();
  return counts;
}

const isConfigured = ({ regions, configuredBoards: boards }: Topology, { region, board }: EntryRow) =>
  regions.includes(region) && boards.includes(board);

function putAccounts(home: Redis, rows: readonly AccountRow[]): Promise<number> {
  const args = accountsLayout.toArgs({ accountPrefix: accountKeyPrefix, erasedPrefix: accountErasedKeyPrefix });
  args.push(...rows.flatMap(accountsLayout.toItem));
  return accountsScript(home, accountsLayout.toKeys({ clock: accountClockKey }), args);
}
