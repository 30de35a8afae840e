import { type Shard, shardOf, type Topology } from "shared/model/regions";
import {
  ACCOUNTS_TAG,
  accountClockKey,
  accountErasedKey,
  accountKey,
  clockKey,
  entryKeys,
  erasedKey,
  visibilityKey,
} from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineScript } from "shared/redis/scripts/define-script";
import { membersPart, versionsPart } from "shared/redis/scripts/parts";
import type { Stores } from "shared/stores/stores";
import { retryBriefly } from "../command/retry-briefly.ts";
import type { Database } from "../postgres/database.ts";
import { possible, readPatiently } from "../rows/read-rows.ts";
import { slices } from "./put-entries.ts";
import accountsSource from "./restore-account-erasures.lua" with { type: "text" };
import entriesSource from "./restore-erasures.lua" with { type: "text" };

/** Kept in Redis for as long as the ranker keeps it: longer than a queue waits, or a token lives. */
const ERASED_TTL_MS = 30 * 24 * 3600 * 1000;
const PAGE_ROWS = 5_000;

interface ErasureRow {
  user_id: string;
  /** Version of the erasure, in microseconds. */
  erased_us: string;
}

const entriesScript = defineScript({
  name: "restore-erasures",
  source: entriesSource,
  parts: [versionsPart, membersPart],
  parse: Number,
});
const accountsScript = defineScript({
  name: "restore-account-erasures",
  source: accountsSource,
  parts: [versionsPart],
  parse: Number,
});

/** All erasures of a region, or of the accounts, page by page along the key. */
async function* readErasures(database: Database, scope: string): AsyncGenerator<ErasureRow[]> {
  let after = "";
  for (;;) {
    const from = after;
    const page = await readPatiently(
      database,
      (sql) => sql<ErasureRow[]>`
        SELECT user_id, trunc(extract(epoch FROM erased_at) * 1000000)::text AS erased_us
        FROM erasures WHERE scope = ${scope} AND user_id > ${from} ORDER BY user_id LIMIT ${PAGE_ROWS}`,
    );
    const last = page.at(-1);
    if (last === undefined) return;
    const sound = new Set(possible(page.map(({ user_id }) => user_id)));
    yield page.filter(({ user_id }) => sound.has(user_id));
    after = last.user_id;
  }
}

const toTtlMs = ({ erased_us }: ErasureRow, nowMs: number) =>
  Math.floor(Math.max(0, Number(erased_us) / 1000 + ERASED_TTL_MS - nowMs));

export interface RestoreErasuresOptions {
  topology: Topology;
  stores: Pick<Stores, "home" | "of">;
  onPage: () => void;
  nowMs?: () => number;
}

/** Takes those players off a region's shards again whom PostgreSQL has erased; a copy of an earlier moment has them. */
export async function restoreErasures(
  database: Database,
  region: string,
  isMeant: (shard: Shard) => boolean,
  { topology, stores, onPage, nowMs = Date.now }: RestoreErasuresOptions,
): Promise<void> {
  for await (const page of readErasures(database, region)) {
    for (const [shard, ofShard] of Map.groupBy(page, ({ user_id }) => shardOf(topology, region, user_id))) {
      if (!isMeant(shard)) continue;
      for (const rows of slices(ofShard)) {
        const keys = [clockKey(shard), visibilityKey(shard), ...rows.map(({ user_id }) => erasedKey(shard, user_id))];
        keys.push(...topology.boards.flatMap((board) => entryKeys(shard, board)));
        const players = rows.flatMap((row) => [row.user_id, row.erased_us, toTtlMs(row, nowMs())]);
        await retryBriefly(() => entriesScript(stores.of(region), keys, [rows.length, ...players]));
      }
    }
    onPage();
  }
}

/** The same for accounts. */
export async function restoreAccountErasures(
  database: Database,
  home: Redis,
  { onPage, nowMs = Date.now }: Pick<RestoreErasuresOptions, "onPage" | "nowMs">,
): Promise<void> {
  for await (const page of readErasures(database, ACCOUNTS_TAG)) {
    for (const rows of slices(page)) {
      const keys = [accountClockKey];
      keys.push(...rows.flatMap(({ user_id }) => [accountKey(user_id), accountErasedKey(user_id)]));
      const args = rows.flatMap((row) => [row.erased_us, toTtlMs(row, nowMs())]);
      await retryBriefly(() => accountsScript(home, keys, args));
    }
    onPage();
  }
}
