import Papa from "papaparse";
import { inPlainWords } from "shared/base/plain-words";
import { toIsoTime } from "shared/base/times";
import { fromUnits } from "shared/entries/units";
import { findRepeatedName } from "shared/http/body";
import { parseAsSpelled, parseExact } from "shared/http/exact-json";
import { configuredBoard } from "shared/model/board";
import { MAIN_BOARD } from "shared/redis/keys";
import type { z } from "zod";
import type { EntryRow } from "../rows/read-entries.ts";
import { BadLine, showText } from "./bad-line.ts";
import { type Columns, type Header, NoHeader, readHeader, readSeparator } from "./csv/header.ts";
import { findGarbled, readRow } from "./csv/read-row.ts";
import { splitCells } from "./csv/split-cells.ts";
import { columnsOf, type FileBoard, type Format, optionalColumns } from "./file-board.ts";
import { createLineSchema, type FileEntry, type LineSchema } from "./line-schema.ts";

/** The first line of a file; empty for a format without a header. */
export const headerOf = (format: Format, board: FileBoard): string =>
  format === "csv" ? `${columnsOf(board).join(",")}\n` : "";

type Cells = Record<string, unknown>;

const PLAIN: FileBoard = configuredBoard(MAIN_BOARD);

/** The first line of the file of a board of the simplest kind. */
export const HEADER: Record<Format, string> = { csv: headerOf("csv", PLAIN), ndjson: headerOf("ndjson", PLAIN) };

/** An entry of a board, or of an archive, with its rank. */
export type FileRow = EntryRow & { rank?: number };

export interface FileOptions {
  board?: FileBoard;
  /** Changes the texts that players choose, or reads them back. */
  cell?: (text: string) => string;
  /** Whether entries keep the times of their lines, which then have to be in the season. */
  keepsTimes?: boolean;
}

const asItIs = (text: string) => text;

/**
 * Formats rows as CSV (RFC 4180) or as one JSON object a line. Times are ISO 8601 with six digits,
 * and scores have the board's decimals.
 */
export function toLines(
  format: Format,
  rows: readonly FileRow[],
  { board = PLAIN, cell = asItIs }: FileOptions = {},
): string {
  const columns = columnsOf(board);
  const toCell = format === "csv" ? cell : parseAsSpelled;
  const entries = rows.map((row): Cells => {
    const { user_id, name, region, score, reached_at, updated_at, sub, attempts, metadata } = row;
    const cells: Cells = {
      user_id: cell(user_id),
      name: cell(name),
      region,
      score: fromUnits(Number(score), board.decimals),
      reached_at: toIsoTime(Number(reached_at)),
      updated_at: toIsoTime(Number(updated_at)),
      sub: Number(sub ?? 0),
      attempts: Number(attempts ?? 0),
      metadata: metadata == null ? null : toCell(metadata),
      season: board.inSeason?.season,
      rank: row.rank,
    };
    return Object.fromEntries(columns.map((column) => [column, cells[column]]));
  });
  if (format === "ndjson") return entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
  if (entries.length === 0) return "";
  const table = entries.map((entry) => columns.map((column) => entry[column]));
  return `${Papa.unparse(table, { newline: "\n" })}\n`;
}

/** Reads the lines of a file in order. The first row of a CSV names the columns. */
export interface LineReader {
  /**
   * @returns undefined for a header or an empty line
   * @throws BadLine; NoHeader, where no line can be read
   */
  read(line: string): FileEntry | undefined;
  /** Whether several lines are one row. */
  isRow(lines: string): boolean;
  /** The columns of a line that have U+FFFD. @throws NoHeader in front of the header */
  findGarbled(line: string): string[];
}

export function createLineReader(format: Format, options: FileOptions = {}): LineReader {
  const { board = PLAIN, cell = asItIs, keepsTimes = true } = options;
  const schema = createLineSchema(format, board, { keepsTimes });
  return format === "csv" ? createCsvReader(schema, { board, cell }) : createJsonReader(schema);
}

const createJsonReader = (schema: LineSchema): LineReader => ({
  read: (line) => (line.trim() === "" ? undefined : check(schema, parseJson(line))),
  isRow: () => false,
  findGarbled(line) {
    try {
      const fields = Object.entries(JSON.parse(line) ?? {});
      return fields.flatMap(([name, value]) => (JSON.stringify(value).includes("\ufffd") ? [name] : []));
    } catch {
      return [];
    }
  },
});

function createCsvReader(schema: LineSchema, { board, cell }: { board: FileBoard; cell: typeof asItIs }): LineReader {
  const wanted: Columns = { all: columnsOf(board), optional: optionalColumns(board) };
  const form = { cell, optional: wanted.optional };
  let declared: string | undefined;
  let header: Header | undefined;
  return {
    read(line) {
      if (header !== undefined) {
        const cells = readRow(line, header, form);
        return cells && check(schema, cells);
      }
      if (isBlank(line)) return undefined;
      const separator = declared === undefined ? readSeparator(line) : undefined;
      if (separator === undefined) header = readHeader(line, wanted, { cell, declared });
      else declared = separator;
      return undefined;
    },
    isRow: (lines) => Array.isArray(splitCells(lines, header?.separator ?? declared ?? ",")),
    findGarbled(line) {
      if (header === undefined) throw new NoHeader("the first line is not UTF-8: save the file as UTF-8");
      return findGarbled(line, header);
    },
  };
}

/** A row whose cells have no text, with any separator. */
export const isBlank = (line: string): boolean => /^[\s,;|"]*$/.test(line);

function parseJson(line: string): unknown {
  let value: unknown;
  try {
    value = parseExact(line);
  } catch {
    throw new BadLine("is not JSON: each line is one object, as export --format ndjson writes it");
  }
  const repeated = findRepeatedName(line);
  if (repeated !== undefined) throw new BadLine(`names ${showText(repeated)} twice`, [showText(repeated)]);
  return value;
}

function check(schema: LineSchema, fields: unknown): FileEntry {
  const result = schema.safeParse(fields, { error: inPlainWords });
  if (result.success) return result.data;
  const { issues } = result.error;
  const reason = issues.map((issue) => `${issue.path.join(".") || "the line"} ${inWords(issue)}`).join("; ");
  throw new BadLine(reason, [...new Set(issues.flatMap(columnsOfIssue))]);
}

const columnsOfIssue = (issue: z.core.$ZodIssue): string[] =>
  (issue.code === "unrecognized_keys" ? issue.keys : issue.path.slice(0, 1)).map((each) => showText(String(each)));

const inWords = (issue: z.core.$ZodIssue) =>
  issue.code === "unrecognized_keys" ? `has unknown fields: ${issue.keys.map(showText).join(", ")}` : issue.message;
