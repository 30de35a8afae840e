import { countOf } from "shared/base/count-of";
import { defineCommand, flag, value } from "shared/command/define-command";
import { catchInterrupt } from "shared/command/interrupt";
import { createProgress } from "shared/command/progress";
import { type Board, configuredBoard } from "shared/model/board";
import { toRankingName } from "shared/seasons/ranking-name";
import { ConfigError, wholeNumber } from "shared/service/environment";
import { z } from "zod";
import { findBoard, NoBoard } from "../../drainer/src/boards/find-board.ts";
import { hasRows } from "../../drainer/src/boards/read-board-ids.ts";
import { loadDrainerConfig } from "../../drainer/src/config.ts";
import { countRanked } from "../../drainer/src/rows/estimate-rows.ts";
import { type FileOptions, headerOf, toLines } from "../../drainer/src/transfer/board-file.ts";
import { BYTE_ORDER_MARK, escapeCell } from "../../drainer/src/transfer/csv/spreadsheet-cell.ts";
import { exportArchive } from "../../drainer/src/transfer/export-archive.ts";
import { exportBoard } from "../../drainer/src/transfer/export-board.ts";
import type { FileBoard, FileSeason } from "../../drainer/src/transfer/file-board.ts";
import { findSeason, NoSeason, readState, type SeasonChoice } from "../../drainer/src/transfer/seasons-of-file.ts";
import { writeWhole } from "../start/write-whole.ts";
import {
  asFault,
  boardOption,
  fileArgument,
  formatOf,
  formatOption,
  regionFaults,
  regionOption,
  requireCsv,
  spreadsheetOption,
} from "./common-options.ts";
import { requireWritable } from "./connect/check-file.ts";
import { type OpenSides, openSides } from "./open-stores.ts";
import { seasonNumber } from "./season/season-arguments.ts";

const seasonChoice = z
  .union([z.enum(["current", "previous"]), seasonNumber], "must be current, previous, or the number of a season")
  .optional();
const WAIT_SECONDS_MAX = 3_600;
const wait = wholeNumber(0, WAIT_SECONDS_MAX).default(60);

export const exportCommand = defineCommand({
  name: "export",
  about: "Writes a board to a file, or to standard output: one line an entry, with what the board keeps of it.",
  usage: "./lb export [FILE] [options]",
  positionals: fileArgument,
  options: {
    board: boardOption,
    region: regionOption,
    season: value("WHICH", "current, previous, or the number of a season; without it the one that runs", seasonChoice),
    format: formatOption,
    wait: value("SECONDS", "how long the drainer may take to write what waits at the beginning", wait),
    spreadsheet: spreadsheetOption,
    json: flag("the count as one JSON object, on standard error"),
  },
  notes: `
Every entry that was acknowledged before the export began is in it, once, beside live traffic; those of hidden players
are not. FILE appears when it is complete; - is standard output.
Of a board with seasons the file has one season, in the column season. A final one comes from the archive, in the order of
its ranks and with them, over the regions that are exported, and without attempts.
Players choose their names: =HYPERLINK(...) is a formula where a spreadsheet program opens the file. Under --spreadsheet
such cells begin with ', and the file with a byte order mark; import it with --spreadsheet as well. It is not the default,
because any other reader would take the ' for a part of the name. Scores stay numbers, of which Excel keeps 15 digits.
Ends with 0; with 1 where it failed, with 130 or 143 where a signal stopped it.`,
  check: (options, env) => regionFaults(loadDrainerConfig(env).topology, options),
  async run({ options, positionals: [named], env }) {
    const file = named === "-" ? undefined : named;
    if (file !== undefined) await requireWritable(file);
    using interrupt = catchInterrupt("nothing was exported; run the same command again");
    const { signal } = interrupt;
    await using sides = await openSides("export", env);
    const { board, region, format = formatOf(file), spreadsheet: isSpreadsheet } = options;
    if (isSpreadsheet) requireCsv(format);
    const found = await readDefinition(sides, board);
    const inSeason = await chooseSeason(sides, found, options.season);
    const definition: FileBoard = { ...found, inSeason };
    const form: FileOptions = isSpreadsheet ? { board: definition, cell: escapeCell } : { board: definition };
    const regions = region === undefined ? sides.topology.regions : [region];
    const shards = sides.topology.shards.filter((shard) => regions.includes(shard.region));
    const ranking = toRankingName(board, inSeason?.season ?? 0);
    const expected = await countRanked(sides, shards, ranking);
    const progress = createProgress();
    let entries = 0;
    try {
      await writeWhole(file, signal, async (write) => {
        const header = headerOf(format, definition);
        await write(isSpreadsheet ? BYTE_ORDER_MARK + header : header);
        const pages = inSeason?.isArchived
          ? exportArchive(sides, { board, season: inSeason.season, regions, signal })
          : exportBoard(sides, { board: ranking, regions, waitMs: options.wait * 1000, signal });
        for await (const page of pages) {
          await write(toLines(format, page, form));
          entries += page.length;
          progress.count("entries", entries, expected);
        }
        await requireStill(sides, board, inSeason);
      });
    } finally {
      progress.end();
    }
    const seconds = progress.end();
    const text = `Done in ${seconds} s: ${countOf(entries, "entry", "entries")}.`;
    process.stderr.write(`${options.json ? JSON.stringify({ entries, seconds }) : text}\n`);
    return 0;
  },
});

/** @throws ConfigError that names `--season` */
async function chooseSeason(
  { stores, databases }: OpenSides,
  board: Board,
  choice: SeasonChoice | undefined,
): Promise<FileSeason | undefined> {
  if (!board.has_seasons) {
    if (choice === undefined) return undefined;
    throw new ConfigError([`--season: board ${board.id} has no seasons`]);
  }
  try {
    return await findSeason({ stores, home: databases.home }, board, choice ?? "current");
  } catch (error) {
    throw error instanceof NoSeason ? new ConfigError([`--season: ${error.message}`]) : error;
  }
}

/**
 * A season that became final meanwhile has lost rows, or is purged.
 *
 * @throws Error: the file lacks entries
 */
async function requireStill({ databases }: OpenSides, board: string, season: FileSeason | undefined): Promise<void> {
  if (season === undefined) return;
  const state = await readState(databases.home, board, season.season);
  const isArchived = ["final", "purging", "purged"].includes(state ?? "");
  if (isArchived === season.isArchived && (state === "final" || !isArchived)) return;
  throw new Error(`season ${season.season} of ${board} was archived or purged meanwhile: run the same command again`);
}

/** A board that is not there, with entries that PostgreSQL still has, is written as units. */
async function readDefinition(sides: OpenSides, board: string): Promise<Board> {
  try {
    return await findBoard(sides, board);
  } catch (error) {
    const { configuredBoards } = sides.topology;
    const isPlain = error instanceof NoBoard ? await hasRowsOf(sides, board) : configuredBoards.includes(board);
    return isPlain ? configuredBoard(board) : asFault(error);
  }
}

/** Whether PostgreSQL has entries of a board, which may be deleted or of a former configuration. */
async function hasRowsOf({ databases }: OpenSides, board: string): Promise<boolean> {
  const found = await Promise.all(databases.all.map((database) => hasRows(database, board)));
  return found.includes(true);
}
