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
import { columnsOf, type FileBoard, type Format, optionalColumns } from "./file-board.ts";
import { createLineSchema, type FileEntry, type LineSchema } from "./line-schema.ts";
import { LONE_RETURNS } from "./read-lines.ts";

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

/** Reads the lines of a file in order. The first line of a CSV names the columns, in any order. */
export interface LineReader {
  /**
   * @returns undefined for a header or an empty line
   * @throws Error that says what is wrong with the line
   */
  read(line: string): FileEntry | undefined;
}

/** The first line does not name the columns, so that no line can be read. */
export class NoHeader extends Error {}

export function createLineReader(
  format: Format,
  { board = PLAIN, cell = asItIs, keepsTimes = true }: FileOptions = {},
): LineReader {
  const wanted: Columns = { all: columnsOf(board), optional: optionalColumns(board) };
  const schema = createLineSchema(format, board, { keepsTimes });
  let columns: readonly string[] | undefined;
  return {
    read(line) {
      if (line === "") return undefined;
      if (format === "ndjson") return check(schema, parseJson(line));
      if (columns === undefined) {
        columns = readHeader(line, wanted, cell);
        return undefined;
      }
      const fields = splitCsv(line).map(cell);
      if (fields.length !== columns.length) throw new Error(`has ${fields.length} fields, not ${columns.length}`);
      return check(schema, Object.fromEntries(columns.map((column, index) => [column, fields[index]])));
    },
  };
}

/** @throws NoHeader */
function readHeader(line: string, wanted: Columns, cell: typeof asItIs): readonly string[] {
  try {
    const fields = splitCsv(line).map(cell);
    if (namesColumns(fields, wanted)) return fields;
  } catch {
    // A quote is in the wrong place, as those around other separators are.
  }
  throw new NoHeader(explainHeader(line, wanted));
}

/** Columns of a file, and those of them and beside them that need not be there. */
interface Columns {
  all: readonly string[];
  optional: readonly string[];
}

function namesColumns(fields: readonly string[], { all, optional }: Columns): boolean {
  const named = new Set(fields);
  const required = new Set(all).difference(new Set(optional));
  const isKnown = named.isSubsetOf(new Set(all).union(new Set(optional)));
  return fields.length === named.size && required.isSubsetOf(named) && isKnown;
}

// Excel writes the list separator of the machine's language; "Text (tab delimited)" has tabs.
const OTHER_SEPARATORS = { ";": "semicolons", "\t": "tabs", "|": "bars" };

function explainHeader(line: string, wanted: Columns): string {
  if (line.includes("\r")) return LONE_RETURNS;
  for (const [separator, name] of Object.entries(OTHER_SEPARATORS)) {
    const fields = line.split(separator).map((field) => field.replace(/^"(.*)"$/, "$1"));
    if (namesColumns(fields, wanted)) {
      return `the columns seem to be separated by ${name} (${JSON.stringify(separator)}): save the file with commas`;
    }
  }
  return `the first line must name the columns ${wanted.all.join(",")}`;
}

/**
 * Reads one record a line: no valid field has a line break, so that an unclosed quote spoils its
 * own line only.
 */
function splitCsv(line: string): string[] {
  if (!line.includes('"')) return line.split(",");
  const { data, errors } = Papa.parse<string[]>(line, { delimiter: ",", newline: "\n" });
  if (errors[0] !== undefined) throw new Error(errors[0].message);
  return data[0] ?? [];
}

function parseJson(line: string): unknown {
  let value: unknown;
  try {
    value = parseExact(line);
  } catch {
    throw new Error("is not JSON");
  }
  const repeated = findRepeatedName(line);
  if (repeated !== undefined) throw new Error(`names ${repeated} twice`);
  return value;
}

function check(schema: LineSchema, fields: unknown): FileEntry {
  const result = schema.safeParse(fields, { error: inPlainWords });
  if (result.success) return result.data;
  throw new Error(
    result.error.issues.map((issue) => `${issue.path.join(".") || "the line"} ${inWords(issue)}`).join("; "),
  );
}

const inWords = (issue: z.core.$ZodIssue) =>
  issue.code === "unrecognized_keys" ? `has unknown fields: ${issue.keys.join(", ")}` : issue.message;
