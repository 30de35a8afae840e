import { fromIsoTime } from "shared/base/times";
import { toSubKey } from "shared/entries/sub-score";
import { toUnits } from "shared/entries/units";
import { nameSchema } from "shared/model/names";
import { metadataSchema, scoreSchema, subSchema, userIdSchema } from "shared/model/scores";
import { z } from "zod";
import type { EntryRow } from "../rows/read-entries.ts";
import { cellJson, cellName, cellNumber, cellUserId, explainTime, TIME } from "./csv/cells.ts";
import type { FileBoard, Format } from "./file-board.ts";

/** A parsed line, its region in upper case: a row without its board. */
export type FileEntry = Omit<EntryRow, "board">;
export type LineSchema = z.ZodType<FileEntry>;

const timeOf = (explain: (text: string) => string) =>
  z.string().transform((text, { addIssue }) => {
    const us = fromIsoTime(text);
    if (us !== undefined && us >= 0) return String(us);
    addIssue(us === undefined ? explain(text) : "must not be before 1970");
    return z.NEVER;
  });

/** The score in units. */
function scoreOf(board: FileBoard, [least, most]: readonly [number | undefined, number | undefined]) {
  return scoreSchema.transform((score, { addIssue }) => {
    const units = toUnits(score, board.decimals);
    if (units === undefined) {
      addIssue(
        board.decimals === 0
          ? "must be an integer; this number has a fraction"
          : `must have at most 15 digits, ${board.decimals} of them behind the point`,
      );
      return z.NEVER;
    }
    if (units < (least ?? units) || units > (most ?? units)) addIssue("is outside of the bounds of the board");
    return String(units);
  });
}

const none = z.never("must be left out: the board has none").optional();

/** The season that a line names has to be the one that runs; a rank follows from the entry. */
function seasonsOf(isCsv: boolean, { inSeason }: FileBoard) {
  if (inSeason === undefined) return { season: none, rank: none };
  const { season } = inSeason;
  const number = isCsv ? cellNumber(0) : z.number();
  const running = number.refine((given) => given === season, `must be ${season}, the season that runs`);
  return { season: running.nullable().optional(), rank: z.unknown().optional() };
}

/** What a time of a line that keeps its time must be in. */
const isIn = ({ inSeason }: FileBoard, updatedAt: string) =>
  inSeason === undefined || (Number(updatedAt) >= inSeason.startsAt && Number(updatedAt) < inSeason.endsAt);

/** The members of a line of a board, and the columns that they become. */
export function createLineSchema(format: Format, board: FileBoard, { keepsTimes = true } = {}): LineSchema {
  const isCsv = format === "csv";
  const { order, decimals, sub, bounds, metadata_bytes_max: bytesMax } = board;
  const toBound = (score: number | null | undefined) => (score == null ? undefined : toUnits(score, decimals));
  const score = scoreOf(board, [toBound(bounds?.min), toBound(bounds?.max)]);
  const count = isCsv ? cellNumber(0).pipe(subSchema) : subSchema;
  // An archive keeps no attempts.
  const attempts = board.inSeason === undefined ? count : count.optional();
  const time = timeOf(isCsv ? explainTime : () => `must be a time such as ${TIME}`);
  const metadata = (isCsv ? cellJson.pipe(metadataSchema) : metadataSchema).transform((value, { addIssue }) => {
    if (value === null) return null;
    const text = JSON.stringify(value);
    if (Buffer.byteLength(text) > bytesMax) addIssue(`must have at most ${bytesMax} bytes`);
    return text;
  });
  return z
    .strictObject({
      user_id: isCsv ? cellUserId : userIdSchema,
      name: isCsv ? cellName : nameSchema,
      region: z.string().transform((region) => region.toUpperCase()),
      score: isCsv ? cellNumber(decimals).pipe(score) : score,
      reached_at: time,
      updated_at: time,
      sub: sub === null ? none : count,
      attempts: board.attempts_max === null ? none : attempts,
      metadata: bytesMax === 0 ? none : metadata,
      ...seasonsOf(isCsv, board),
    })
    .refine(({ reached_at, updated_at }) => Number(reached_at) <= Number(updated_at), {
      path: ["reached_at"],
      message: "must not be after updated_at",
    })
    .refine(({ updated_at }) => !keepsTimes || isIn(board, updated_at), {
      path: ["updated_at"],
      message: "must be in the season that runs; --overwrite gives the entry a new time",
    })
    .transform(({ sub: subScore, attempts: tries, metadata: kept, season: _, rank: __, ...entry }): FileEntry => {
      const ranked = order === "asc" ? String(0 - Number(entry.score)) : entry.score;
      const row: FileEntry = { ...entry };
      if (ranked !== entry.score) row.sort_key = ranked;
      if (sub !== null && subScore !== undefined) {
        row.sub = String(subScore);
        row.sub_key = toSubKey(sub, subScore);
      }
      if (tries !== undefined && tries > 0) row.attempts = String(tries);
      if (kept != null) row.metadata = kept;
      return row;
    });
}
