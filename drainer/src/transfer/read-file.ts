import { BadLine } from "./bad-line.ts";
import { createLineReader, type FileOptions, isBlank, type LineReader } from "./board-file.ts";
import { NoHeader } from "./csv/header.ts";
import { joinRows } from "./csv/join-rows.ts";
import type { Format } from "./file-board.ts";
import { type Line, NOT_UTF_8 } from "./read-lines.ts";
import type { Numbered } from "./screen-entries.ts";

export interface ReadOptions {
  format: Format;
  file: FileOptions;
  regions: readonly string[];
  /** The latest time that a line may have, in microseconds. */
  latest: () => number;
  /** Is told why a line is left out. */
  refuse: (line: number, fault: BadLine) => void;
}

/** A row of a file, and the bytes of the file up to its end. */
export interface ReadRow {
  bytes: number;
  /** Undefined for a header, an empty row and a bad one. */
  entry: Numbered | undefined;
}

/**
 * Reads the rows of a file. A bad one is refused and left out, and an empty CSV is one bad line.
 *
 * @throws NoHeader, which names its line; what `lines` throws
 */
export async function* readFile(lines: AsyncIterable<Line>, options: ReadOptions): AsyncGenerator<ReadRow> {
  const { format, file, refuse } = options;
  const reader = createLineReader(format, file);
  let isEmpty = true;
  for await (const row of format === "csv" ? joinRows(lines, reader.isRow) : lines) {
    isEmpty &&= row.fault === undefined && isBlank(row.text);
    yield { bytes: row.bytes, entry: readEntry(reader, row, options) };
  }
  // Most often the command before a pipe has failed. NDJSON of a board without entries is empty.
  if (isEmpty && format === "csv") refuse(1, new BadLine("the file is empty"));
}

function readEntry(reader: LineReader, row: Line, { regions, latest, refuse }: ReadOptions): Numbered | undefined {
  try {
    if (row.fault !== undefined) throw toBadLine(reader, row.text, row.fault);
    const entry = reader.read(row.text);
    if (entry === undefined) return undefined;
    if (!regions.includes(entry.region)) throw new BadLine(`region must be one of ${regions.join(", ")}`, ["region"]);
    const ahead = (["reached_at", "updated_at"] as const).filter((field) => Number(entry[field]) > latest());
    if (ahead.length > 0) throw new BadLine(`${ahead.join(" and ")} must not be in the future`, ahead);
    return { ...entry, line: row.number };
  } catch (error) {
    if (error instanceof NoHeader) throw new NoHeader(error.message, error.columns, row.number);
    if (!(error instanceof BadLine)) throw error;
    refuse(row.number, error);
    return undefined;
  }
}

/** What is wrong with a line whose text is not what the file has. */
function toBadLine(reader: LineReader, text: string, fault: string): BadLine {
  if (fault !== NOT_UTF_8) return new BadLine(fault);
  const columns = reader.findGarbled(text);
  return new BadLine(columns.length === 0 ? fault : `${columns.join(" and ")} ${fault}`, columns);
}
