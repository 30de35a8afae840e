import { setTimeout as delay, setImmediate } from "node:timers/promises";
import { parseKeptBoard } from "shared/boards/kept-board";
import { putBoards } from "shared/boards/put-boards";
import type { Board } from "shared/model/board";
import { boardsKey } from "shared/redis/keys";
import { readTime } from "shared/redis/redis";
import { runningSeason } from "shared/seasons/plan";
import { toRankingName } from "shared/seasons/ranking-name";
import { findBoard } from "../boards/find-board.ts";
import { createInFlight } from "../command/in-flight.ts";
import type { Sides } from "../subjects/sides.ts";
import type { BadLine } from "./bad-line.ts";
import type { FileOptions } from "./board-file.ts";
import { unescapeCell } from "./csv/spreadsheet-cell.ts";
import type { FileSeason, Format } from "./file-board.ts";
import { readFile } from "./read-file.ts";
import type { Line } from "./read-lines.ts";
import type { Numbered } from "./screen-entries.ts";
import { readPlan } from "./seasons-of-file.ts";
import { writeEntries } from "./write-entries.ts";

export interface ImportCounts {
  /** Entries written as in the file. */
  imported: number;
  /** Lines left out because the stores or a later line have a newer entry of the player. */
  skipped: number;
  /** Of those, entries that Redis did not have: it now has them from PostgreSQL. */
  repaired: number;
  /** Lines left out because the player was erased since. */
  erased: number;
  /** Invalid lines, reported by `onBad` and left out. An empty file has one. */
  bad: number;
}

export interface ImportOptions {
  board: string;
  format: Format;
  /** Replaces newer entries, too: the lines get new versions. */
  overwrites: boolean;
  /** Whether an export has escaped the cells for a spreadsheet program. */
  isSpreadsheet?: boolean;
  /** Is told of each invalid line: its number in the file, and the columns that are wrong. */
  onBad: (line: number, reason: string, columns: readonly string[]) => void;
  onProgress?: (counts: ImportCounts, bytes: number) => void;
  now?: () => number;
}

/** A drainer ends seasons on idle shards every second. */
const SEAL_WAIT_MS = 10_000;
const LOOK_EVERY_MS = 100;
const BATCH_LINES = 1_000;
const LINES_PER_TURN = 100;
// Without ANALYZE after as many rows, PostgreSQL sorts the rest of a board for each page of an
// export (60 s instead of 8 s for a million rows), until autovacuum comes.
const ANALYZE_ROWS_MIN = 10_000;
// PostgreSQL writes one batch while Redis writes another.
const BATCHES_IN_FLIGHT = 4;
// A version from the future would keep later writes out. Clocks may differ by this much.
const AHEAD_US_MAX = 60_000_000;

/**
 * Writes the lines of a file to PostgreSQL, then to Redis. It bypasses the queues: a million lines
 * would fill them, and players would be answered 429. Safe beside live traffic: newer entries stay,
 * unless `overwrites`. Running it again changes nothing more, and completes an import that was
 * killed: then PostgreSQL may have entries that Redis lacks.
 *
 * Entries of a board with seasons go into the one that runs, and to no other.
 *
 * @throws NoBoard; OtherSeason where that ended meanwhile; NoHeader; UnfitStore while the entries
 *   move to another number of partitions; what `lines`, Redis or PostgreSQL throw, after the
 *   batches under way are in both stores. Another run completes the import
 */
export async function importBoard(
  sides: Sides,
  lines: AsyncIterable<Line>,
  options: ImportOptions,
): Promise<ImportCounts> {
  const { board, format, overwrites, isSpreadsheet = false, onBad, onProgress, now = Date.now } = options;
  const counts: ImportCounts = { imported: 0, skipped: 0, repaired: 0, erased: 0, bad: 0 };
  const definition = await findBoard(sides, board);
  const inSeason = await beginImport(sides, definition);
  const ranking = toRankingName(board, inSeason?.season ?? 0);
  const file: FileOptions = { board: { ...definition, inSeason }, keepsTimes: !overwrites };
  if (isSpreadsheet) file.cell = unescapeCell;
  const batches = createInFlight(BATCHES_IN_FLIGHT);
  const refuse = (line: number, { message, columns }: BadLine) => {
    counts.bad++;
    onBad(line, message, columns);
  };

  let batch: Numbered[] = [];
  let bytes = 0;
  async function send(): Promise<void> {
    const entries = batch;
    const upTo = bytes;
    batch = [];
    await batches.start(async () => {
      const written = await writeEntries(sides, entries, { ranking, season: inSeason?.season, overwrites, refuse });
      counts.imported += written.imported;
      counts.erased += written.erased;
      counts.skipped += written.skipped;
      counts.repaired += written.repaired;
      onProgress?.(counts, upTo);
    });
  }
  try {
    const latest = () => now() * 1000 + AHEAD_US_MAX;
    let rows = 0;
    for await (const row of readFile(lines, { format, file, regions: sides.topology.regions, latest, refuse })) {
      bytes = row.bytes;
      if (row.entry !== undefined) batch.push(row.entry);
      if (batch.length === BATCH_LINES) await send();
      // Chunks hold many lines: without this pause, replies of the stores would wait for the whole
      // chunk, and time out.
      if (++rows % LINES_PER_TURN === 0) await setImmediate();
    }
    await send();
  } finally {
    await batches.finish();
  }
  if (counts.imported >= ANALYZE_ROWS_MIN) {
    await Promise.all(sides.databases.all.map((each) => each.run((sql) => sql`ANALYZE leaderboard`)));
  }
  return counts;
}

/**
 * Tells the shards the board: without this, erasures would miss the entries on a shard to which no
 * ranker has written yet.
 *
 * @returns the season that runs on all of them; undefined on a board without seasons
 * @throws Error where the seasons are not planned, or not ended in time
 */
async function beginImport({ topology, stores }: Sides, board: Board): Promise<FileSeason | undefined> {
  for (const lateAt = performance.now() + SEAL_WAIT_MS; ; await delay(LOOK_EVERY_MS)) {
    const plan = board.has_seasons ? await readPlan(stores, board) : undefined;
    const running = plan && runningSeason(plan, await readTime(stores.home));
    const kept = await Promise.all(
      topology.shards.map(async (shard) => {
        const redis = stores.of(shard.region);
        await putBoards(redis, shard, [{ ...board, plan }]);
        return parseKeptBoard((await redis.hget(boardsKey(shard), board.id)) ?? "")?.seasons?.season;
      }),
    );
    if (!board.has_seasons) return undefined;
    if (running !== undefined && kept.every((season) => season === running.season)) {
      return { ...running, isArchived: false };
    }
    if (performance.now() > lateAt) {
      throw new Error(`no season of ${board.id} runs on all shards: has it begun, and is a drainer running?`);
    }
  }
}
