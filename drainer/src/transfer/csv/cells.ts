import { readNumber } from "shared/base/read-integer";
import { toUnits } from "shared/entries/units";
import { findRepeatedName } from "shared/http/body";
import { parseAsSpelled } from "shared/http/exact-json";
import { nameSchema } from "shared/model/names";
import { isUserId, userIdSchema } from "shared/model/scores";
import { z } from "zod";
import { showText } from "../bad-line.ts";

/**
 * Cells of a CSV, which a spreadsheet program may have changed. What it has rounded or reformatted
 * looks like a value, and is refused by name.
 */

const quote = (text: string) => `"${showText(text)}"`;
const AS_TEXT = "format the column as text before the file is opened there";

const SCIENTIFIC = /^[+-]?\d+(?:[.,]\d+)?E[+-]?\d+$/i;
/** Digits in groups, or behind a comma: 1,5 and 1.000,00 and 1 000. */
const GROUPED = /^[+-]?\d+(?:[.,'\u2019\s]\d+)+$/;
const THOUSANDS = /^[+-]?[1-9]\d{0,2}(?:\.\d{3})+$/;

/** Why a text is no number of so many decimals; undefined where it is one. */
function faultOfNumber(text: string, decimals: number): string | undefined {
  const inCell = quote(text);
  if (SCIENTIFIC.test(text)) {
    const format = decimals === 0 ? "no decimals" : `${decimals} decimals`;
    return `must have all its digits, and a spreadsheet may have rounded ${inCell}: format the column as a number with ${format}, and save the file again`;
  }
  // In many languages 1.000 is one thousand: a board of less decimals does not read it as 1.
  const wouldBeRead = decimals === 0 || toUnits(Number(text), decimals) !== undefined;
  const isGrouped = decimals < 3 && wouldBeRead && THOUSANDS.test(text);
  if (!isGrouped && readNumber(text) !== undefined) return undefined;
  if (isGrouped || GROUPED.test(text)) {
    return `must have a point in front of its decimals and nothing between thousands, not ${inCell}: format the column so, and save the file again`;
  }
  return `must be a number such as 5, -5 or 1.5, without spaces, not ${inCell}`;
}

/**
 * A number in a cell. JSON's spelling with an exponent is refused: where it was exact it looks like
 * one that was rounded.
 *
 * @param decimals that the column may have
 */
export const cellNumber = (decimals: number) =>
  z.string().transform((text, { addIssue }) => {
    const fault = faultOfNumber(text, decimals);
    if (fault === undefined) return readNumber(text) ?? Number.NaN;
    addIssue(fault);
    return z.NEVER;
  });

const isReformatted = (text: string) => /^\d/.test(text) && !/^\d{4}-\d\d-\d\dT/i.test(text);

/** What a time must be, in a cell that has none. */
export const explainTime = (text: string): string =>
  isReformatted(text)
    ? `must be a time such as ${TIME}, and a spreadsheet seems to have reformatted ${quote(text)}: ${AS_TEXT}`
    : `must be a time such as ${TIME}`;
export const TIME = "2026-01-02T03:04:05.678901Z";

/** A name in a cell, which may have line breaks. */
export const cellName = z
  .string()
  .refine((text) => !/[\r\n]/.test(text), { message: "must have no line break", abort: true })
  .pipe(nameSchema);

/** A player's id in a cell. */
export const cellUserId = z.string().superRefine((text, { addIssue }) => {
  if (isUserId(text)) return;
  const [issue] = userIdSchema.safeParse(text).error?.issues ?? [];
  addIssue(`${issue?.message}${hintOfUserId(text)}`);
});

function hintOfUserId(text: string): string {
  if (SCIENTIFIC.test(text) || GROUPED.test(text)) {
    return `, and a spreadsheet has made the number ${quote(text)} of it: ${AS_TEXT}`;
  }
  return text.startsWith("'") ? "; a file of export --spreadsheet is imported with --spreadsheet" : "";
}

/** JSON in a cell; empty for null. */
export const cellJson = z.string().transform((text, { addIssue }): unknown => {
  if (text.trim() === "") return null;
  try {
    const value = parseAsSpelled(text);
    const repeated = findRepeatedName(text);
    if (repeated === undefined) return value;
    addIssue(`names ${showText(repeated)} twice`);
  } catch {
    addIssue('must be a JSON object such as {"car":"red"}, or empty');
  }
  return z.NEVER;
});
