import { z } from "zod";
import { MAIN_BOARD } from "../redis/keys.ts";
import { isPlain, PLAIN, PLAIN_IN_WORDS, PLAIN_PATTERN } from "./names.ts";
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
export const reasonSchema = z
  .string()
  .refine((reason) => [...reason].length <= REASON_CHARACTERS_MAX, "must have no more than 200 characters")
  .refine(isPlain, PLAIN)
  .meta({
    maxLength: REASON_CHARACTERS_MAX,
    pattern: PLAIN_PATTERN,
    description: `Kept in the log alone. ${PLAIN_IN_WORDS}`,
  });

const OUT_OF_RANGE = "must be an integer from -9007199254740991 to 9007199254740991; this one is out of range";
const FRACTION = "must be an integer; this number has a fraction";
const notFinite = ({ input }: { input?: unknown }) => {
  if (typeof input !== "number") return "must be a number";
  return Number.isNaN(input) ? FRACTION : OUT_OF_RANGE;
};

/**
 * An integer in ±(2^53−1). Minus zero becomes zero: the two are spelled differently but rank the
 * same. NaN stands for a number with a fraction, as `readInteger` and `parseExact` give it.
 */
export const scoreSchema = z
  .number({ error: notFinite })
  .superRefine((score, { addIssue }) => {
    if (!Number.isSafeInteger(score)) addIssue(Number.isInteger(score) ? OUT_OF_RANGE : FRACTION);
  })
  .transform((score) => score + 0)
  .meta({
    type: "integer",
    minimum: Number.MIN_SAFE_INTEGER,
    maximum: Number.MAX_SAFE_INTEGER,
    description: "An integer, exact from end to end.",
  });

const upperCased = z.string().transform((region) => region.toUpperCase());

/** A home region: a configured region, in any case. */
export const regionSchema = ({ regions }: Topology) =>
  upperCased
    .refine((region) => regions.includes(region), `must be one of ${regions.join(", ")}`)
    .meta({ enum: [...regions], description: "A home region, in any case." });

/** The view of a read: a configured region, or `GLOBAL`, which is the default. */
export function viewSchema({ regions }: Topology) {
  const views = [...new Set([GLOBAL, ...regions])];
  return upperCased
    .refine((view) => views.includes(view), `must be one of ${views.join(", ")}`)
    .default(GLOBAL)
    .meta({ enum: views, description: "Whose ranking, in any case; `GLOBAL` unites all regions." });
}

/** The name of a board, configured or not. */
export const BOARD_NAME = /^[a-z0-9][a-z0-9_-]{0,31}$/;

/** A configured board; `main` is the default. */
export const boardSchema = ({ boards }: Topology) =>
  z
    .string()
    .refine((board) => boards.includes(board), `must be one of ${boards.join(", ")}`)
    .default(MAIN_BOARD)
    .meta({ enum: [...boards], description: "Which ranking of the configured ones." });
