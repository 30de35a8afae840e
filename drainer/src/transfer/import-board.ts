import { setImmediate } from "node:timers/promises";
import { type Shard, shardOf } from "shared/model/regions";
import { accountClockKey, accountKeyPrefix, clockKey, erasedKey, shardKeys } from "shared/redis/keys";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { versionsPart } from "shared/redis/scripts/parts";
import { compareSplit } from "shared/stores/split";
import { createInFlight } from "../command/in-flight.ts";
import { fold } from "../drain/fold.ts";
import { noteVersion } from "../guard/guarded-stores.ts";
import { toErasedAt } from "../reconcile/oldest-queued.ts";
import { putEntries, slicesByKeys } from "../restore/put-entries.ts";
import { type EntryRow, readEntriesOf } from "../rows/read-entries.ts";
import { readErasuresOf } from "../rows/read-erasures.ts";
import { upsertScores } from "../rows/upsert-scores.ts";
import type { Sides } from "../subjects/subjects.ts";
import { createLineReader, type FileEntry, type Format, NoHeader } from "./board-file.ts";
import homesSource from "./read-homes.lua" with { type: "text" };
import type { Line } from "./read-lines.ts";
import takeSource from "./take-versions.lua" with { type: "text" };

export interface ImportCounts {
  /** Entries written as in the file. */
  imported: number;
  /** Lines left out because the stores or a later line have a newer entry of the player. */
  skipped: number;
  /** Lines left out because the player was erased since. */
  erased: number;
  /** Invalid lines, reported by `onBad` and left out. */
  bad: number;
}

export interface ImportOptions {
  board: string;
  format: Format;
  /** Replaces newer entries, too: the lines get new versions. */
  overwrites: boolean;
  onBad: (line: number, reason: string) => void;
  onProgress?: (counts: ImportCounts, bytes: number) => void;
  now?: () => number;
}

const BATCH_LINES = 1_000;
const LINES_PER_TURN = 100;
// Without ANALYZE after as many rows, PostgreSQL sorts the rest of a board for each page of an
// export (60 s instead of 8 s for a million rows), until autovacuum comes.
const ANALYZE_ROWS_MIN = 10_000;
// PostgreSQL writes one batch while Redis writes another.
const BATCHES_IN_FLIGHT = 4;
// A version from the future would keep later writes out. Clocks may differ by this much.
const AHEAD_US_MAX = 60_000_000;

const homesLayout = defineLayout({ keys: ["clock"], args: { accountPrefix: "text" }, item: { user_id: "text" } });
const homesScript = defineScript({
  name: "read-homes",
  source: homesSource,
  layout: homesLayout,
  parse: (reply) => reply as (string | null)[],
  hasOtherKeys: true,
});
const takeLayout = defineLayout({ keys: ["clock"], args: { count: "number", newest: "number" } });
const takeScript = defineScript({
  name: "take-versions",
  source: takeSource,
  parts: [versionsPart],
  layout: takeLayout,
  parse: Number,
});

interface Numbered extends FileEntry {
  line: number;
}

/**
 * Writes the lines of a file to PostgreSQL, then to Redis. It bypasses the queues: a million lines
 * would fill them, and players would be answered 429. Safe beside live traffic: newer entries stay,
 * unless `overwrites`. Running it again changes nothing more.
 *
 * @throws Error for a file without its columns; UnfitStore while the entries move to another number
 *   of partitions; what Redis or PostgreSQL throw. Another run completes the import
 */
export async function importBoard(
  sides: Sides,
  lines: AsyncIterable<Line>,
  options: ImportOptions,
): Promise<ImportCounts> {
  const { format, onBad, onProgress, now = Date.now } = options;
  const counts: ImportCounts = { imported: 0, skipped: 0, erased: 0, bad: 0 };
  const reader = createLineReader(format);
  const batches = createInFlight(BATCHES_IN_FLIGHT);
  const refuse = (line: number, reason: string) => {
    counts.bad++;
    onBad(line, reason);
  };

  function read(line: Line): Numbered | undefined {
    try {
      if ("fault" in line) throw new Error(line.fault);
      const entry = reader.read(line.text);
      if (entry === undefined) return undefined;
      if (!sides.topology.regions.includes(entry.region)) {
        throw new Error(`region must be one of ${sides.topology.regions.join(", ")}`);
      }
      const latest = now() * 1000 + AHEAD_US_MAX;
      if ([entry.reached_at, entry.updated_at].some((time) => Number(time) > latest)) {
        throw new Error("reached_at and updated_at must not be in the future");
      }
      return { ...entry, line: line.number };
    } catch (error) {
      if (error instanceof NoHeader) throw error;
      refuse(line.number, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  let batch: Numbered[] = [];
  let bytes = 0;
  async function send(): Promise<void> {
    const entries = batch;
    const upTo = bytes;
    batch = [];
    await batches.start(async () => {
      const written = await writeBatch(sides, entries, options, refuse);
      counts.imported += written.imported;
      counts.erased += written.erased;
      counts.skipped += written.skipped;
      onProgress?.(counts, upTo);
    });
  }
  for await (const line of lines) {
    bytes = line.bytes;
    const entry = read(line);
    if (entry !== undefined) batch.push(entry);
    if (batch.length === BATCH_LINES) await send();
    // Chunks hold many lines: without this pause, replies of the stores would wait for the whole
    // chunk, and time out.
    if (line.number % LINES_PER_TURN === 0) await setImmediate();
  }
  await send();
  await batches.finish();
  if (counts.imported >= ANALYZE_ROWS_MIN) {
    await Promise.all(sides.databases.all.map((each) => each.run((sql) => sql`ANALYZE leaderboard`)));
  }
  return counts;
}

async function writeBatch(
  sides: Sides,
  entries: readonly Numbered[],
  { board, overwrites }: ImportOptions,
  refuse: (line: number, reason: string) => void,
) {
  const { topology, stores, databases } = sides;
  // A move may have begun since: entries put on the old shards would be lost.
  const regions = new Set(entries.map(({ region }) => region));
  await Promise.all([...regions].map((region) => compareSplit(stores.of(region), topology, region)));
  const counts = { imported: 0, skipped: 0, erased: 0 };
  const { known, erased } = await screen(sides, entries, { overwrites, refuse });
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
    const taken = ofDatabase.filter((row) => isSame(row, standing.get(row.user_id)));
    let written = 0;
    for (const slice of slicesByKeys(topology, taken)) {
      written += await putEntries(stores.of(slice.shard.region), slice);
      // The script has raised the clock: a Redis that has a lower clock later has lost the import.
      const clock = await stores.of(slice.shard.region).get(clockKey(slice.shard));
      if (clock !== null) await noteVersion(database, slice.shard.tag, clock);
    }
    counts.imported += written;
    counts.skipped += ofDatabase.length - written;
  }
  return counts;
}

const fields = ["region", "name", "score", "reached_at", "updated_at"] as const;
const isSame = (a: EntryRow, b: EntryRow | undefined) =>
  b !== undefined && fields.every((field) => a[field] === b[field]);

/** Leaves out players of another home region, and players erased since the version of the line. */
async function screen(
  { topology, stores, databases }: Sides,
  entries: readonly Numbered[],
  { overwrites, refuse }: Pick<ImportOptions, "overwrites"> & { refuse: (line: number, reason: string) => void },
): Promise<{ known: Numbered[]; erased: number }> {
  const homesArgs = homesLayout.toArgs({ accountPrefix: accountKeyPrefix });
  homesArgs.push(...entries.flatMap(homesLayout.toItem));
  const homes = await homesScript(stores.home, homesLayout.toKeys({ clock: accountClockKey }), homesArgs);
  const erasures = new Map<Numbered, string | null>();
  for (const [shard, ofShard] of Map.groupBy(entries, (entry) => shardOf(topology, entry.region, entry.user_id))) {
    const kept = await stores.of(shard.region).mget(ofShard.map(({ user_id }) => erasedKey(shard, user_id)));
    ofShard.forEach((entry, index) => void erasures.set(entry, kept[index] ?? null));
  }
  const isErased = overwrites ? await readErasures(databases, entries) : () => false;
  let erased = 0;
  const known = entries.filter((entry, index) => {
    const home = homes[index] ?? entry.region;
    if (home !== entry.region) {
      refuse(entry.line, `the player's home region is ${home}`);
      return false;
    }
    if (toErasedAt(erasures.get(entry)) < Number(entry.updated_at) && !isErased(entry)) return true;
    erased++;
    return false;
  });
  return { known, erased };
}

/**
 * Reads the erasures in PostgreSQL, because the new version of an overwriting line would pass them.
 */
async function readErasures(databases: Sides["databases"], entries: readonly Numbered[]) {
  const erasedAt = new Map<string, number>();
  for (const [region, ofRegion] of Map.groupBy(entries, (entry) => entry.region)) {
    const ids = ofRegion.map(({ user_id }) => user_id);
    const rows = await readErasuresOf(databases.of(region), region, ids);
    for (const { user_id, erased_us } of rows) erasedAt.set(`${region} ${user_id}`, Number(erased_us));
  }
  return ({ region, user_id, updated_at }: Numbered) =>
    (erasedAt.get(`${region} ${user_id}`) ?? -1) >= Number(updated_at);
}

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
