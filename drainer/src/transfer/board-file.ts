import Papa from "papaparse";
import { inPlainWords } from "shared/api/plain-words";
import { readInteger } from "shared/base/read-integer";
import { fromIsoTime, toIsoTime } from "shared/base/times";
import { findRepeatedName } from "shared/http/body";
import { parseExact } from "shared/http/exact-json";
import { nameSchema } from "shared/model/names";
import { scoreSchema, userIdSchema } from "shared/model/scores";
import { z } from "zod";
import type { EntryRow } from "../rows/read-entries.ts";
import { LONE_RETURNS } from "./read-lines.ts";

export const FORMATS = ["csv", "ndjson"] as const;
export type Format = (typeof FORMATS)[number];

/** The columns of a file, in order. A file holds one board, which is not named in it. */
export const COLUMNS = ["user_id", "name", "region", "score", "reached_at", "updated_at"] as const;

/** The first line of a file; empty for a format without a header. */
export const HEADER: Record<Format, string> = { csv: `${COLUMNS.join(",")}\n`, ndjson: "" };

/**
 * Formats rows as CSV (RFC 4180) or as one JSON object a line. Times are ISO 8601 with six digits.
 *
 * @param toCell changes the texts that players choose
 */
export function toLines(format: Format, rows: readonly EntryRow[], toCell = asItIs): string {
  const entries = rows.map(({ user_id, name, region, score, reached_at, updated_at }) => ({
    user_id: toCell(user_id),
    name: toCell(name),
    region,
    score: Number(score),
    reached_at: toIsoTime(Number(reached_at)),
    updated_at: toIsoTime(Number(updated_at)),
  }));
  if (format === "ndjson") return entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
  if (entries.length === 0) return "";
  const table = entries.map((entry) => COLUMNS.map((column) => entry[column]));
  return `${Papa.unparse(table, { newline: "\n" })}\n`;
}

const asItIs = (text: string) => text;

const time = z.string().transform((text, { addIssue }) => {
  const us = fromIsoTime(text);
  if (us !== undefined && us >= 0) return String(us);
  addIssue(us === undefined ? "must be a time such as 2026-01-02T03:04:05.678901Z" : "must not be before 1970");
  return z.NEVER;
});

/** A number as a member of JSON. */
const jsonScore = scoreSchema.transform(String);

/** A number as the text of a cell. */
const cellScore = z
  .string()
  .transform((text, { addIssue }) => {
    const score = readInteger(text);
    if (score !== undefined) return score;
    addIssue("must be a number as JSON spells it, such as 5, -5 or 1.5e3, without spaces");
    return z.NEVER;
  })
  .pipe(jsonScore);

/** A parsed line, its region in upper case. */
const createLineSchema = (score: typeof jsonScore | typeof cellScore) =>
  z
    .strictObject({
      user_id: userIdSchema,
      name: nameSchema,
      region: z.string().transform((region) => region.toUpperCase()),
      score,
      reached_at: time,
      updated_at: time,
    })
    .refine(({ reached_at, updated_at }) => Number(reached_at) <= Number(updated_at), {
      path: ["reached_at"],
      message: "must not be after updated_at",
    });

const lineSchemas = { csv: createLineSchema(cellScore), ndjson: createLineSchema(jsonScore) };
export type FileEntry = z.output<(typeof lineSchemas)[Format]>;

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

/** @param fromCell changes every field of a CSV */
export function createLineReader(format: Format, fromCell = asItIs): LineReader {
  let columns: readonly string[] | undefined;
  return {
    read(line) {
      if (line === "") return undefined;
      if (format === "ndjson") return check(format, parseJson(line));
      if (columns === undefined) {
        columns = readHeader(line, fromCell);
        return undefined;
      }
      const fields = splitCsv(line).map(fromCell);
      if (fields.length !== columns.length) throw new Error(`has ${fields.length} fields, not ${columns.length}`);
      return check(format, Object.fromEntries(columns.map((column, index) => [column, fields[index]])));
    },
  };
}

/** @throws NoHeader */
function readHeader(line: string, fromCell: typeof asItIs): readonly string[] {
  try {
    const fields = splitCsv(line).map(fromCell);
    if (namesColumns(fields)) return fields;
  } catch {
    // A quote is in the wrong place, as those around other separators are.
  }
  throw new NoHeader(explainHeader(line));
}

function namesColumns(fields: readonly string[]): boolean {
  const known = new Set<string>(COLUMNS);
  return fields.length === known.size && new Set(fields).intersection(known).size === known.size;
}

// Excel writes the list separator of the machine's language; "Text (tab delimited)" has tabs.
const OTHER_SEPARATORS = { ";": "semicolons", "\t": "tabs", "|": "bars" };

function explainHeader(line: string): string {
  if (line.includes("\r")) return LONE_RETURNS;
  for (const [separator, name] of Object.entries(OTHER_SEPARATORS)) {
    const fields = line.split(separator).map((field) => field.replace(/^"(.*)"$/, "$1"));
    if (namesColumns(fields)) {
      return `the columns seem to be separated by ${name} (${JSON.stringify(separator)}): save the file with commas`;
    }
  }
  return `the first line must name the columns ${COLUMNS.join(",")}`;
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

function check(format: Format, fields: unknown): FileEntry {
  const result = lineSchemas[format].safeParse(fields, { error: inPlainWords });
  if (result.success) return result.data;
  throw new Error(
    result.error.issues.map((issue) => `${issue.path.join(".") || "the line"} ${inWords(issue)}`).join("; "),
  );
}

const inWords = (issue: z.core.$ZodIssue) =>
  issue.code === "unrecognized_keys" ? `has unknown fields: ${issue.keys.join(", ")}` : issue.message;
