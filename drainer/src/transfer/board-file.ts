import Papa from "papaparse";
import { readInteger } from "shared/base/read-integer";
import { fromIsoTime, toIsoTime } from "shared/base/times";
import { findRepeatedName, parseExact } from "shared/http/body";
import { nameSchema } from "shared/model/names";
import { scoreSchema, userIdSchema } from "shared/model/scores";
import { z } from "zod";
import type { EntryRow } from "../rows/read-entries.ts";

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

const time = z
  .string()
  .transform((text) => fromIsoTime(text))
  .refine((us) => us !== undefined && us >= 0, "must be a time such as 2026-01-02T03:04:05.678901Z")
  .transform(String);

const scoreText = z
  .unknown()
  .transform((value) => (typeof value === "string" ? (readInteger(value) ?? value) : value))
  .pipe(scoreSchema)
  .transform(String);

/** A parsed line, its region in upper case. */
export const lineSchema = z
  .strictObject({
    user_id: userIdSchema,
    name: nameSchema,
    region: z.string().transform((region) => region.toUpperCase()),
    score: scoreText,
    reached_at: time,
    updated_at: time,
  })
  .refine(({ reached_at, updated_at }) => Number(reached_at) <= Number(updated_at), {
    path: ["reached_at"],
    message: "must not be after updated_at",
  });
export type FileEntry = z.output<typeof lineSchema>;

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
      if (format === "ndjson") return check(parseJson(line));
      const fields = splitCsv(line).map(fromCell);
      if (columns === undefined) {
        const known = new Set<string>(COLUMNS);
        if (fields.length !== known.size || new Set(fields).intersection(known).size !== known.size) {
          throw new NoHeader(`the first line must name the columns ${COLUMNS.join(",")}`);
        }
        columns = fields;
        return undefined;
      }
      if (fields.length !== columns.length) throw new Error(`has ${fields.length} fields, not ${columns.length}`);
      return check(Object.fromEntries(columns.map((column, index) => [column, fields[index]])));
    },
  };
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

function check(fields: unknown): FileEntry {
  const result = lineSchema.safeParse(fields);
  if (result.success) return result.data;
  throw new Error(
    result.error.issues.map((issue) => `${issue.path.join(".") || "the line"} ${inWords(issue)}`).join("; "),
  );
}

const inWords = (issue: z.core.$ZodIssue) =>
  issue.code === "unrecognized_keys" ? `has unknown fields: ${issue.keys.join(", ")}` : issue.message;
