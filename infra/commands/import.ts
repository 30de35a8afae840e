import { defineCommand, flag } from "shared/command/define-command";
import { createProgress } from "shared/command/progress";
import { ConfigError } from "shared/service/config";
import { loadDrainerConfig } from "../../drainer/src/config.ts";
import { requireOpen } from "../../drainer/src/guard/require-open.ts";
import { type ImportCounts, importBoard } from "../../drainer/src/transfer/import-board.ts";
import { readLines } from "../../drainer/src/transfer/read-lines.ts";
import { boardOption, fileArgument, formatOf, formatOption, placeFaults } from "./common-options.ts";
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
    json: flag("bad lines and counts as JSON, one object a line"),
  },
  notes: `
Beside live traffic, not beside repartition. Players who were erased since do not come back, and hidden ones stay hidden;
accounts are not in the file, and are not made. A line that is not valid is named on standard error and left out. Running
it again changes nothing more (with --overwrite: updated_at).
Ends with 0; with 2 where lines were left out; with 1 where it failed, and another run completes it.`,
  check: (options, env) => placeFaults(loadDrainerConfig(env).topology, options),
  async run({ options, positionals: [file], env }) {
    const { board, format = formatOf(file), overwrite: overwrites, json } = options;
    const isStandardInput = file === undefined || file === "-";
    const source = isStandardInput ? Bun.stdin : Bun.file(file);
    if (!isStandardInput && !(await source.exists())) throw new ConfigError([`there is no file ${file}`]);
    await using sides = await openSides("import", env);
    await requireOpen(sides.stores, sides.topology.shards);
    const progress = createProgress();
    const size = isStandardInput ? 0 : source.size;
    const counts = await importBoard(sides, readLines(source.stream()), {
      board,
      format,
      overwrites,
      onBad: (line, reason) =>
        process.stderr.write(json ? `${JSON.stringify({ line, reason })}\n` : `line ${line}: ${reason}\n`),
      onProgress: ({ imported, skipped, erased, bad }, bytes) => {
        const lines = imported + skipped + erased + bad;
        progress.count("lines", isStandardInput ? lines : bytes, size, lines);
      },
    });
    const text = `Done in ${progress.end()} s: ${describe(counts)}.`;
    process.stdout.write(`${json ? JSON.stringify(counts) : text}\n`);
    return counts.bad > 0 ? 2 : 0;
  },
});

const describe = ({ imported, skipped, erased, bad }: ImportCounts) =>
  `${imported} entries imported, ${skipped} kept because they are newer, ${erased} of erased players, ${bad} bad lines`;
