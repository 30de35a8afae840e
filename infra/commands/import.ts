import { INVALID_OPTIONS, readArguments } from "shared/base/arguments";
import { ConfigError, type Environment } from "shared/service/config";
import { openSides } from "../../drainer/src/command/open-stores.ts";
import { bar, createProgress, rate } from "../../drainer/src/command/progress.ts";
import { requireOpen } from "../../drainer/src/guard/require-open.ts";
import { FORMATS } from "../../drainer/src/transfer/board-file.ts";
import { type ImportCounts, importBoard } from "../../drainer/src/transfer/import-board.ts";
import { readLines } from "../../drainer/src/transfer/read-lines.ts";
import { formatOf, readPlace } from "./options.ts";

const HELP = `Reads a board from a file, or from standard input, as export writes it: into PostgreSQL, and into Redis.

  bun run lb import [FILE] [options]

  --board NAME      the board                 main
  --format NAME     csv or ndjson; by the file's name, or else csv
  --overwrite       the file wins over newer entries; without it they stay
  --json            bad lines and counts as JSON, one object a line
  --help            shows this

Beside live traffic, not beside repartition. Players who were erased since do not come back, hidden ones stay hidden; accounts are not in the file, and are not made. A line that
is not valid is named on standard error and left out. Running it again changes nothing more (with --overwrite: updated_at).
Ends with 0; with 2 where lines were left out; with 1 where it failed, and another run completes it.
`;

const describe = ({ imported, kept, erased, bad }: ImportCounts) =>
  `${imported} entries imported, ${kept} kept because they are newer, ${erased} of erased players, ${bad} bad lines`;

/** `lb import`. @returns the exit code */
export async function importCommand(args: string[], env: Environment): Promise<number> {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const { values, positionals } = readArguments({
    args,
    allowPositionals: true,
    options: { board: text, format: text, overwrite: flag, json: flag, help: { ...flag, short: "h" } } as const,
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [file, ...more] = positionals;
  const format = formatOf(values.format, file);
  const source = file === undefined || file === "-" ? Bun.stdin : Bun.file(file);
  const faults = [
    ...(more.length > 0 ? ["one FILE at most"] : []),
    ...(format === undefined ? [`--format must be one of ${FORMATS.join(", ")}`] : []),
    ...(source === Bun.stdin || (await source.exists()) ? [] : [`there is no file ${file}`]),
  ];
  if (format === undefined || faults.length > 0) throw new ConfigError(faults, INVALID_OPTIONS);
  await using sides = await openSides("import", env);
  const { board } = readPlace(sides.topology, values);
  await requireOpen(sides.stores, sides.topology.shards);
  const progress = createProgress();
  const startedAt = performance.now();
  const size = source === Bun.stdin ? 0 : source.size;
  const counts = await importBoard(sides, readLines(source.stream()), {
    board,
    format,
    overwrites: values.overwrite ?? false,
    onBad: (line, reason) =>
      process.stderr.write(values.json ? `${JSON.stringify({ line, reason })}\n` : `line ${line}: ${reason}\n`),
    onProgress: ({ imported, kept, erased, bad }, bytes) => {
      const lines = imported + kept + erased + bad;
      progress.show(bar("lines", size === 0 ? lines : bytes, size, rate(lines, performance.now() - startedAt)));
    },
  });
  progress.end();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(values.json ? `${JSON.stringify(counts)}\n` : `Done in ${seconds} s: ${describe(counts)}.\n`);
  return counts.bad > 0 ? 2 : 0;
}
