import { parseRecord } from "shared/entries/records";
import { type Shard, shardOf } from "shared/model/regions";
import type { Database } from "shared/postgres/database";
import { clockKey, entriesKey, shardKeys } from "shared/redis/keys";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { versionsPart } from "shared/redis/scripts/parts";
import { compareSplit } from "shared/stores/split";
import { fold } from "../drain/fold.ts";
import { noteVersion } from "../guard/guarded-stores.ts";
import { OtherSeason, putEntries, type Slice, slicesByKeys } from "../restore/put-entries.ts";
import { type EntryRow, readEntriesOf } from "../rows/read-entries.ts";
import { isSoundEntry } from "../rows/sound-rows.ts";
import { upsertScores } from "../rows/upsert-scores.ts";
import { toMicroseconds } from "../rows/version-rule.ts";
import type { Sides } from "../subjects/sides.ts";
import { type Numbered, type ScreenOptions, screenEntries } from "./screen-entries.ts";
import takeSource from "./take-versions.lua" with { type: "text" };

const takeLayout = defineLayout({ keys: ["clock"], args: { count: "number", newest: "number" } });
const takeScript = defineScript({
  name: "take-versions",
  source: takeSource,
  parts: [versionsPart],
  layout: takeLayout,
  parse: Number,
});

interface WriteOptions extends ScreenOptions {
  /** Of a board, or of the season that runs. */
  ranking: string;
  /** That has to run until the entries are in both stores; undefined on a board without seasons. */
  season?: number | undefined;
}

/**
 * Writes one batch to PostgreSQL, then to Redis. @returns its part of the import's counts
 *
 * @throws OtherSeason where the season ended meanwhile: then PostgreSQL has no entry more than
 *   Redis
 */
export async function writeEntries(
  sides: Sides,
  entries: readonly Numbered[],
  { ranking: board, season, overwrites, refuse }: WriteOptions,
) {
  const { topology, stores, databases } = sides;
  // A move may have begun since: entries put on the old shards would be lost.
  const regions = new Set(entries.map(({ region }) => region));
  await Promise.all([...regions].map((region) => compareSplit(stores.of(region), topology, region)));
  const counts = { imported: 0, skipped: 0, repaired: 0, erased: 0 };
  const { known, erased } = await screenEntries(sides, entries, { overwrites, refuse });
  const rows = overwrites ? await renew(sides, known) : known;
  const newest = fold(rows, ({ user_id }) => user_id).map(({ line: _, ...entry }): EntryRow => ({ board, ...entry }));
  counts.erased += erased;
  counts.skipped += known.length - newest.length;
  for (const [database, ofDatabase] of Map.groupBy(newest, ({ region }) => databases.of(region))) {
    await database.run((sql) => upsertScores(sql, ofDatabase));
    const ids = ofDatabase.map(({ user_id }) => user_id);
    const standing = new Map((await readEntriesOf(database, board, ids)).map((row) => [row.user_id, row]));
    // PostgreSQL has refused the other rows, for a newer entry or an erasure: they must not be put
    // into Redis.
    const [taken, refused] = partition(ofDatabase, (row) => isSame(row, standing.get(row.user_id)));
    const written = await putRows(sides, database, { rows: taken, season });
    counts.imported += written;
    counts.skipped += ofDatabase.length - written;
    const newer = refused.flatMap(({ user_id, region }) => {
      const row = standing.get(user_id);
      return row !== undefined && row.region === region && isSoundEntry(row) ? [row] : [];
    });
    counts.repaired += await putRows(sides, database, { rows: await findLacking(sides, newer), season });
  }
  return counts;
}

/** Puts rows that PostgreSQL has into Redis. @returns how many of them are not older there */
async function putRows(sides: Sides, database: Database, { rows, season }: SeasonRows): Promise<number> {
  const { topology, stores } = sides;
  let written = 0;
  for (const slice of slicesByKeys(topology, rows)) {
    written += await putEntries(stores.of(slice.shard.region), { ...slice, season }).catch(async (error: unknown) => {
      if (error instanceof OtherSeason) await takeBack(sides, database, slice);
      throw error;
    });
    // The script has raised the clock: a Redis that has a lower clock later has lost the import.
    const clock = await stores.of(slice.shard.region).get(clockKey(slice.shard));
    if (clock !== null) await noteVersion(database, slice.shard.tag, clock);
  }
  return written;
}

interface SeasonRows {
  rows: readonly EntryRow[];
  season: number | undefined;
}

/**
 * Takes rows out of PostgreSQL again that came when the season had ended in Redis: with them it
 * would have more entries than were counted at the end, and never be final.
 */
async function takeBack({ stores }: Sides, database: Database, { shard, board, rows }: Slice): Promise<void> {
  const ids = rows.map(({ user_id }) => user_id);
  const records = await stores.of(shard.region).hmget(entriesKey(shard, board), ...ids);
  const gone = rows.filter((_, index) => typeof records[index] !== "string");
  await database.run(
    (sql) => sql`
      DELETE FROM leaderboard
      USING unnest(
        ${gone.map(({ user_id }) => user_id)}::text[], ${gone.map(({ updated_at }) => updated_at)}::text[]
      ) AS line (user_id, version)
      WHERE board = ${board} AND leaderboard.user_id = line.user_id
        AND ${toMicroseconds(sql, "updated_at")} = line.version`,
  );
}

/** Of rows that PostgreSQL has those that Redis lacks, or has in an older version. */
async function findLacking({ topology, stores }: Sides, rows: readonly EntryRow[]): Promise<EntryRow[]> {
  const lacking: EntryRow[] = [];
  for (const { shard, board, rows: ofShard } of slicesByKeys(topology, rows)) {
    const ids = ofShard.map(({ user_id }) => user_id);
    const records = await stores.of(shard.region).hmget(entriesKey(shard, board), ...ids);
    lacking.push(...ofShard.filter((row, index) => isOlder(records[index], row)));
  }
  return lacking;
}

const isOlder = (record: string | null | undefined, { updated_at }: EntryRow) =>
  typeof record !== "string" || Number(parseRecord(record).updatedAt) < Number(updated_at);

function partition<T>(all: readonly T[], isFirst: (each: T) => boolean): [first: T[], second: T[]] {
  const { first = [], second = [] } = Object.groupBy(all, (each) => (isFirst(each) ? "first" : "second"));
  return [first, second];
}

const fields = [
  "region",
  "name",
  "score",
  "reached_at",
  "updated_at",
  "sort_key",
  "sub_key",
  "attempts",
  "metadata",
] as const;
const isSame = (a: EntryRow, b: EntryRow | undefined) =>
  b !== undefined && fields.every((field) => (a[field] ?? null) === (b[field] ?? null));

/**
 * The same entries with new versions from the clocks of their shards, in the order of the lines.
 */
async function renew({ topology, stores }: Sides, entries: readonly Numbered[]): Promise<Numbered[]> {
  const byShard = Map.groupBy(entries, ({ region, user_id }) => shardOf(topology, region, user_id));
  const renewed = await Promise.all(
    [...byShard].map(async ([shard, ofShard]: [Shard, Numbered[]]) => {
      const keys = takeLayout.toKeys(shardKeys(shard));
      const newest = Math.max(...ofShard.map(({ updated_at }) => Number(updated_at)));
      const args = takeLayout.toArgs({ count: ofShard.length, newest });
      const first = await takeScript(stores.of(shard.region), keys, args);
      return ofShard.map((entry, index) => ({ ...entry, updated_at: String(first + index) }));
    }),
  );
  return renewed.flat();
}
