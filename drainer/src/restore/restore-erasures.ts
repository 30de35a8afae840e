import { type Shard, shardOf, type Topology } from "shared/model/regions";
import { isUserId } from "shared/model/scores";
import {
  ACCOUNTS_TAG,
  accountClockKey,
  accountErasedKey,
  accountKey,
  entryKeys,
  erasedKey,
  shardKeys,
} from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { membersPart, versionsPart } from "shared/redis/scripts/parts";
import type { Stores } from "shared/stores/stores";
import { retryBriefly } from "../command/retry-briefly.ts";
import type { Database } from "../postgres/database.ts";
import { type ErasureRow, readErasures } from "../rows/read-erasures.ts";
import { slices } from "./put-entries.ts";
import accountsSource from "./restore-account-erasures.lua" with { type: "text" };
import entriesSource from "./restore-erasures.lua" with { type: "text" };

/** As long as the ranker keeps an erasure in Redis: longer than an event waits or a token lives. */
const ERASED_TTL_MS = 30 * 24 * 3600 * 1000;

const entriesLayout = defineLayout({
  keys: ["clock", "visibility"],
  item: { userId: "text", version: "number", ttl: "number" },
});
const entriesScript = defineScript({
  name: "restore-erasures",
  source: entriesSource,
  parts: [versionsPart, membersPart],
  layout: entriesLayout,
  parse: Number,
});
const accountsLayout = defineLayout({ keys: ["clock"], item: { version: "text", ttl: "number" } });
const accountsScript = defineScript({
  name: "restore-account-erasures",
  source: accountsSource,
  parts: [versionsPart],
  layout: accountsLayout,
  parse: Number,
});

/** False for a row with an invalid user id, which no service writes. The restore skips it. */
const hasValidUserId = ({ user_id }: ErasureRow) => isUserId(user_id);

const toTtlMs = ({ erased_us }: ErasureRow, nowMs: number) =>
  Math.floor(Math.max(0, Number(erased_us) / 1000 + ERASED_TTL_MS - nowMs));

export interface RestoreErasuresOptions {
  topology: Topology;
  stores: Pick<Stores, "home" | "of">;
  onPage: () => void;
  nowMs?: () => number;
}

/**
 * Removes players whom PostgreSQL has erased from the shards of a region. Without this an older
 * copy of Redis would bring them back.
 */
export async function restoreErasures(
  database: Database,
  region: string,
  isIncluded: (shard: Shard) => boolean,
  { topology, stores, onPage, nowMs = Date.now }: RestoreErasuresOptions,
): Promise<void> {
  for await (const page of readErasures(database, region)) {
    const valid = page.filter(hasValidUserId);
    for (const [shard, ofShard] of Map.groupBy(valid, ({ user_id }) => shardOf(topology, region, user_id))) {
      if (!isIncluded(shard)) continue;
      for (const rows of slices(ofShard)) {
        const keys = entriesLayout.toKeys(shardKeys(shard));
        keys.push(...rows.map(({ user_id }) => erasedKey(shard, user_id)));
        keys.push(...topology.configuredBoards.flatMap((board) => entryKeys(shard, board)));
        const args = rows.flatMap((row) => {
          const version = Number(row.erased_us);
          return entriesLayout.toItem({ userId: row.user_id, version, ttl: toTtlMs(row, nowMs()) });
        });
        await retryBriefly(() => entriesScript(stores.of(region), keys, args));
      }
    }
    onPage();
  }
}

/** Removes accounts that PostgreSQL has erased from the home Redis. */
export async function restoreAccountErasures(
  database: Database,
  home: Redis,
  { onPage, nowMs = Date.now }: Pick<RestoreErasuresOptions, "onPage" | "nowMs">,
): Promise<void> {
  for await (const page of readErasures(database, ACCOUNTS_TAG)) {
    for (const rows of slices(page.filter(hasValidUserId))) {
      const keys = accountsLayout.toKeys({ clock: accountClockKey });
      keys.push(...rows.flatMap(({ user_id }) => [accountKey(user_id), accountErasedKey(user_id)]));
      const args = rows.flatMap((row) => accountsLayout.toItem({ version: row.erased_us, ttl: toTtlMs(row, nowMs()) }));
      await retryBriefly(() => accountsScript(home, keys, args));
    }
    onPage();
  }
}
