import { countOf } from "shared/base/count-of";
import { defineCommand, flag } from "shared/command/define-command";
import { catchInterrupt } from "shared/command/interrupt";
import { createProgress } from "shared/command/progress";
import { untilAborted } from "../../drainer/src/command/until-aborted.ts";
import { loadDrainerConfig } from "../../drainer/src/config.ts";
import { requireOpen } from "../../drainer/src/guard/require-open.ts";
import { NoHeader } from "../../drainer/src/transfer/csv/header.ts";
import { type ImportCounts, importBoard } from "../../drainer/src/transfer/import-board.ts";
import { readLines } from "../../drainer/src/transfer/read-lines.ts";
import {
  asFault,
  boardOption,
  fileArgument,
  formatOf,
  formatOption,
  requireCsv,
  spreadsheetOption,
} from "./common-options.ts";
import { requireReadable } from "./connect/check-file.ts";
import { openSides } from "./open-stores.ts";

export const importCommand = defineCommand({
  name: "import",
  about: "Reads a board from a file, or from standard input, as export writes it: into PostgreSQL and Redis.",
  usage: "./lb import [FILE] [options]",
  positionals: fileArgument,
  options: {
    board: boardOption,
    format: formatOption,
    overwrite: flag("the file wins over newer entries; without it they stay"),
    spreadsheet: spreadsheetOption,
    json: flag("bad lines and counts as JSON, one object a line"),
  },
  notes: `
Beside live traffic, not beside repartition. Players who were erased since do not come back, and hidden ones stay hidden;
accounts are not in the file, and are not made. A line that is not valid is named on standard error, with its column and
what to do, and left out. Running it again changes nothing more (with --overwrite: updated_at).
A CSV may be of a spreadsheet program, with any of , ; | and tabs between its cells. What such a program has rounded or
reformatted is not valid: open files there with all columns as text.
Entries of a board with seasons go into the season that runs, and no other: a line that names another one is left out, and
so is one whose updated_at is not in it, which --overwrite gives a new time. A column rank is not read.
With --spreadsheet it takes off the ' that export --spreadsheet has put before cells.
At SIGINT and SIGTERM it writes the batches under way to both stores, and then ends. Where it was killed, PostgreSQL may
have entries that Redis lacks: another run puts them there.
Ends with 0; with 2 where lines were left out or a CSV file is empty; with 1 where it failed, with 130 or 143 where a
signal stopped it, and another run completes it.`,
  check(_, env) {
    loadDrainerConfig(env); // throws its faults before a file is looked for
    return [];
  },
  async run({ options, positionals: [file], env }) {
    const { board, format = formatOf(file), overwrite: overwrites, spreadsheet: isSpreadsheet, json } = options;
    if (isSpreadsheet) requireCsv(format);
    const isStandardInput = file === undefined || file === "-";
    const source = isStandardInput ? Bun.stdin : Bun.file(file);
    if (!isStandardInput) await requireReadable(file);
    using interrupt = catchInterrupt("run the same command again, and it completes the import");
    await using sides = await openSides("import", env);
    await requireOpen(sides.stores, sides.topology.shards);
    const progress = createProgress();
    const size = isStandardInput ? 0 : source.size;
    const counts = await importBoard(sides, readLines(untilAborted(source.stream(), interrupt.signal)), {
      board,
      format,
      overwrites,
      isSpreadsheet,
      onBad: (line, reason, columns) =>
        process.stderr.write(json ? toJson({ line, columns, reason }) : `line ${line}: ${reason}\n`),
      onProgress: ({ imported, skipped, erased, bad }, bytes) => {
        const lines = imported + skipped + erased + bad;
        progress.count("lines", isStandardInput ? lines : bytes, size, lines);
      },
    })
      .catch((error: unknown) => {
        if (json && error instanceof NoHeader) return error;
        return asFault(error);
      })
      .finally(() => progress.end());
    if (counts instanceof NoHeader) {
      process.stderr.write(toJson(counts));
      return 1;
    }
    const text = `Done in ${progress.end()} s: ${describe(counts)}.`;
    process.stdout.write(`${json ? JSON.stringify(counts) : text}\n`);
    return counts.bad > 0 ? 2 : 0;
  },
});

/** A bad line, for a program. */
const toJson = ({ line, columns, reason }: { line: number; columns: readonly string[]; reason: string }) =>
  `${JSON.stringify({ line, columns, reason })}\n`;

function describe({ imported, skipped, repaired, erased, bad }: ImportCounts): string {
  const lacking = repaired === 0 ? "" : ` (${repaired} of which Redis lacked, and has now)`;
  const left = `${skipped} kept because they are newer${lacking}, ${erased} of erased players`;
  return `${countOf(imported, "entry", "entries")} imported, ${left}, ${countOf(bad, "bad line")}`;
}
