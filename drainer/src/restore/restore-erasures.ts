import { type Shard, shardOf, type Topology } from "shared/model/regions";
import { isUserId } from "shared/model/scores";
import type { Database } from "shared/postgres/database";
import { erasedKey, nameEntry, shardKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { versionsPart } from "shared/redis/scripts/parts";
import { parseRankingName } from "shared/seasons/ranking-name";
import type { Stores } from "shared/stores/stores";
import { onEveryBoard } from "../boards/on-every-board.ts";
import { takeErased } from "../boards/take-erased.ts";
import { retryBriefly } from "../command/retry-briefly.ts";
import { type ErasureRow, readErasures, readRemovals } from "../rows/read-erasures.ts";
import { slices } from "./put-entries.ts";
import source from "./restore-erasures.lua" with { type: "text" };

/** As long as the ranker keeps an erasure in Redis: longer than an event waits or a token lives. */
const ERASED_TTL_MS = 30 * 24 * 3600 * 1000;

const layout = defineLayout({
  keys: ["clock", "visibility"],
  item: { userId: "text", version: "number", ttl: "number" },
});
const script = defineScript({
  name: "restore-erasures",
  source,
  parts: [versionsPart],
  layout,
  parse: Number,
});

/** False for a row with an invalid user id, which no service writes. The restore skips it. */
export const hasValidUserId = ({ user_id }: ErasureRow) => isUserId(user_id);

/** How long an erasure stays in Redis from now on. */
export const toTtlMs = ({ erased_us }: ErasureRow, nowMs = Date.now()) =>
  Math.floor(Math.max(0, Number(erased_us) / 1000 + ERASED_TTL_MS - nowMs));

/** The shards of one region that are restored, and where they are. */
export interface RestoredRegion {
  region: string;
  topology: Topology;
  stores: Pick<Stores, "of">;
  database: Database;
  isIncluded: (shard: Shard) => boolean;
  onPage: () => void;
}

/**
 * Removes players whom PostgreSQL has erased from the shards of a region. Without this an older
 * copy of Redis would bring them back. The shards have to know their boards before.
 *
 * The marks are there before the first entry is removed: what is put back or written meanwhile, on
 * any board, is either newer than the erasure or refused by `restore-scores.lua`.
 */
export async function restoreErasures(restored: RestoredRegion): Promise<void> {
  const { region, topology, stores, database, isIncluded, onPage } = restored;
  const redis = stores.of(region);
  for await (const page of readErasures(database, region)) {
    const valid = page.filter(hasValidUserId);
    for (const [shard, rows] of Map.groupBy(valid, ({ user_id }) => shardOf(topology, region, user_id))) {
      if (!isIncluded(shard)) continue;
      for (const part of slices(rows)) await retryBriefly(() => markErased(redis, shard, part));
      const players = rows.map((row) => ({ userId: row.user_id, version: Number(row.erased_us) }));
      const { configuredBoards } = topology;
      await onEveryBoard({ redis, shard, configuredBoards, players }, (boards, some) =>
        takeErased(redis, shard, boards, some),
      );
    }
    onPage();
  }
  await restoreRemovals(restored);
}

/** The same for single entries that were removed. */
async function restoreRemovals({ region, topology, stores, database, isIncluded, onPage }: RestoredRegion) {
  const redis = stores.of(region);
  for await (const page of readRemovals(database, region)) {
    const valid = page.filter((row) => hasValidUserId(row) && parseRankingName(row.ranking) !== undefined);
    for (const [shard, rows] of Map.groupBy(valid, ({ user_id }) => shardOf(topology, region, user_id))) {
      if (!isIncluded(shard)) continue;
      // No player has such a name: what the script does to a player's visibility is nothing here.
      const marks = rows.map((row) => ({ ...row, user_id: nameEntry(row.ranking, row.user_id) }));
      for (const part of slices(marks)) await retryBriefly(() => markErased(redis, shard, part));
      for (const [ranking, removed] of Map.groupBy(rows, (row) => row.ranking)) {
        const players = removed.map((row) => ({ userId: row.user_id, version: Number(row.erased_us) }));
        for (const part of slices(players)) await retryBriefly(() => takeErased(redis, shard, [ranking], part));
      }
    }
    onPage();
  }
}

/** @param rows their `user_id` may name an entry, see `nameEntry` */
function markErased(redis: Redis, shard: Shard, rows: readonly ErasureRow[]): Promise<number> {
  const keys = layout.toKeys(shardKeys(shard));
  keys.push(...rows.map(({ user_id }) => erasedKey(shard, user_id)));
  const args = rows.flatMap((row) =>
    layout.toItem({ userId: row.user_id, version: Number(row.erased_us), ttl: toTtlMs(row) }),
  );
  return script(redis, keys, args);
}
