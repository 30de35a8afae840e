import { z } from "zod";
import { MAIN_BOARD } from "../redis/keys.ts";
import { BOARD_ID } from "./board-id.ts";
import { plainTextSchema } from "./names.ts";
import { GLOBAL, type Topology } from "./regions.ts";

export const REASON_CHARACTERS_MAX = 200;

// `meta` repeats in JSON Schema what a check in code means, for the OpenAPI document.

export const USER_ID_CHARACTERS_MAX = 64;
const USER_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** The check of {@link userIdSchema} without a message, for hot paths. */
export const isUserId = (text: string): boolean => USER_ID.test(text);

export const userIdSchema = z
  .string()
  .regex(USER_ID, "must be 1 to 64 characters out of A-Z, a-z, 0-9, _ and -")
  .meta({ description: "The player's public name in every URL." });

/** The reason for an operation, for the log. */
export const reasonSchema = plainTextSchema(REASON_CHARACTERS_MAX, "Kept in the log alone.");

const OUT_OF_RANGE = "must be an integer from -9007199254740991 to 9007199254740991; this one is out of range";
const INEXACT = "must be a number of at most 15 digits where it has a fraction";
const notFinite = ({ input }: { input?: unknown }) => {
  if (typeof input !== "number") return "must be a number";
  return Number.isNaN(input) ? INEXACT : OUT_OF_RANGE;
};

/**
 * A number that is exact from end to end; its board says how many decimals it may have, see
 * `toUnits`. Minus zero becomes zero: the two are spelled differently but rank the same. NaN stands
 * for a number that a double would round, as `parseExact` gives it.
 */
export const scoreSchema = z
  .number({ error: notFinite })
  .superRefine((score, { addIssue }) => {
    if (Number.isInteger(score) && !Number.isSafeInteger(score)) addIssue(OUT_OF_RANGE);
  })
  .transform((score) => score + 0)
  .meta({
    type: "number",
    minimum: Number.MIN_SAFE_INTEGER,
    maximum: Number.MAX_SAFE_INTEGER,
    description: "Exact from end to end: an integer, or with as many decimals as the board has.",
  });

const SUB_RANGE = `must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}`;

/** A sub-score decides between equal scores, on boards that have it. */
export const subSchema = z
  .int(SUB_RANGE)
  .min(0, SUB_RANGE)
  .transform((sub) => sub + 0)
  .meta({ description: "Decides between equal scores, on a board that has `sub`; 0 where it is left out." });

/** What a game keeps with an entry: a JSON object. The board says how large it may be. */
export const metadataSchema = z
  .record(z.string(), z.unknown(), "must be a JSON object, or null")
  .nullable()
  .meta({
    description:
      "A JSON object that is kept with the score, on a board that has `metadata_bytes_max`. Left out, it stays as it " +
      "is; null clears it.",
  });

/** What any deployment's regions match: a client that is made for one works with another. */
const REGION = "^[A-Za-z][A-Za-z0-9_]{0,49}$";
const listOf = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(", ");

const upperCased = z.string().transform((region) => region.toUpperCase());

/** A home region: a configured region, in any case. */
export const regionSchema = ({ regions }: Topology) =>
  upperCased
    .refine((region) => regions.includes(region), `must be one of ${regions.join(", ")}`)
    .meta({ pattern: REGION, description: `A home region, in any case: ${listOf(regions)}.` });

/** The view of a read: a configured region, or `GLOBAL`, which is the default. */
export function viewSchema({ regions }: Topology) {
  const views = [...new Set([GLOBAL, ...regions])];
  return upperCased
    .refine((view) => views.includes(view), `must be one of ${views.join(", ")}`)
    .default(GLOBAL)
    .meta({
      pattern: REGION,
      description: `Whose ranking, in any case: ${listOf(views)}. \`GLOBAL\` unites all regions.`,
    });
}

/**
 * The id of a board; `main` is the default. It names a board that need not exist: boards come and
 * go while services run, so that a ranker looks for it and answers 404 where there is none.
 */
export const boardSchema = z
  .string()
  .regex(BOARD_ID, "must be 1 to 32 characters out of a-z, 0-9, _ and -, and begin with a letter or a digit")
  .default(MAIN_BOARD)
  .meta({ description: "The id of the board; 404 `board_not_found` where there is none." });
