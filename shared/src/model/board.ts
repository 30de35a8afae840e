import { z } from "zod";
import { BOARD_ID } from "./board-id.ts";
import { isPlain, PLAIN, PLAIN_IN_WORDS, PLAIN_PATTERN } from "./names.ts";

/** What a board is: how it ranks, and who may do what. A definition is a setting of kind `boards`. */

export const BOARD_ID_MESSAGE = "must be 1 to 32 characters out of a-z, 0-9, _ and -, the first no - or _";

export const boardIdSchema = z
  .string()
  .regex(BOARD_ID, BOARD_ID_MESSAGE)
  .meta({ description: "The board's name in every URL." });

export const OPERATIONS = ["set", "best", "add", "create"] as const;
/** What a write may ask of a board. */
export type BoardOperation = (typeof OPERATIONS)[number];

export const TITLE_CHARACTERS_MAX = 100;
export const DECIMALS_MAX = 6;
export const METADATA_BYTES_MAX = 4096;
const TIERS_MAX = 20;

/**
 * A score with decimals has at most 15 digits: a JSON number keeps so many exactly, in every
 * language.
 */
const DECIMAL_DIGITS_MAX = 15;

/** The greatest score of a board, in units of its last decimal. */
export const unitsMax = (decimals: number): number =>
  decimals === 0 ? Number.MAX_SAFE_INTEGER : 10 ** DECIMAL_DIGITS_MAX - 1;

const titleSchema = z
  .string()
  .refine(
    (title) => [...title].length <= TITLE_CHARACTERS_MAX,
    `must have no more than ${TITLE_CHARACTERS_MAX} characters`,
  )
  .refine(isPlain, PLAIN)
  .meta({
    maxLength: TITLE_CHARACTERS_MAX,
    pattern: PLAIN_PATTERN,
    description: `What people read; empty where the id is enough. ${PLAIN_IN_WORDS}`,
  });

const boundSchema = z.number().nullable().default(null);
const boundsSchema = z
  .strictObject({ min: boundSchema, max: boundSchema })
  .refine(({ min, max }) => min === null || max === null || min <= max, {
    path: ["max"],
    message: "must not be below min",
  })
  .nullable()
  .meta({ description: "Of the resulting score; null where there are none." });

const tierIdSchema = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, BOARD_ID_MESSAGE);
const tiersSchema = z
  .strictObject({
    by: z.enum(["rank", "percentile", "score"]),
    steps: z
      .array(z.strictObject({ id: tierIdSchema, upto: z.number().optional() }))
      .min(1, "must name at least one tier")
      .max(TIERS_MAX, `must name at most ${TIERS_MAX} tiers`)
      .refine((steps) => new Set(steps.map(({ id }) => id)).size === steps.length, "must not name one twice")
      .refine(
        (steps) => steps.slice(0, -1).every(({ upto }) => upto !== undefined),
        "must have upto in each but the last",
      ),
  })
  .nullable()
  .meta({ description: "The best first; `upto` is the last rank, percentile or score of a tier." });

const operationsSchema = z
  .array(z.enum(OPERATIONS))
  .min(1, "must name at least one")
  .refine((all) => new Set(all).size === all.length, "must not name one twice")
  .meta({ description: "What a write may ask for. `operator` where it asks for nothing." });

/** Fields that mean something else for the scores that are there, so that they never change. */
export const FIXED_FIELDS = ["order", "operator", "decimals", "sub"] as const;

/** The fields of a definition, with their defaults. */
export const boardFields = {
  title: titleSchema.default(""),
  order: z
    .enum(["desc", "asc"])
    .default("desc")
    .meta({ description: "Which score is the best: the highest, or the lowest." }),
  operator: z
    .enum(["set", "best", "add"])
    .default("set")
    .meta({ description: "What `POST /score/submit` does: sets the score, keeps the best one, or adds." }),
  operators: operationsSchema.optional(),
  decimals: z.int().min(0).max(DECIMALS_MAX).default(0).meta({ description: "Digits behind the point of a score." }),
  sub: z
    .enum(["desc", "asc"])
    .nullable()
    .default(null)
    .meta({ description: "The order of a second number that decides between equal scores; null where there is none." }),
  bounds: boundsSchema.default(null),
  writers: z.enum(["players", "operators"]).default("players"),
  readers: z.enum(["anyone", "operators"]).default("anyone"),
  metadata_bytes_max: z.int().min(0).max(METADATA_BYTES_MAX).default(0),
  attempts_max: z.int().min(1).max(1_000_000).nullable().default(null),
  season: z.null().default(null),
  tiers: tiersSchema.default(null),
};

/** What `PUT /boards/:boardId` takes: each field may be left out. */
export const boardSchema = z.strictObject(boardFields).superRefine(refineBoard);

const unwrap = (field: z.ZodType) => (field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : field);

/** What `PATCH /boards/:boardId` takes: the fields to change. */
export const boardChangeSchema = z.strictObject(
  Object.fromEntries(Object.entries(boardFields).map(([name, field]) => [name, unwrap(field).optional()])) as {
    [K in keyof typeof boardFields]: z.ZodOptional<z.ZodType<z.output<(typeof boardFields)[K]>>>;
  },
);

type Given = z.output<z.ZodObject<typeof boardFields>>;

/** A definition with all its fields. */
export type BoardDefinition = Omit<Given, "operators"> & { operators: BoardOperation[] };

function refineBoard({ decimals, bounds, operator, operators = [operator] }: Given, context: z.RefinementCtx): void {
  for (const end of ["min", "max"] as const) {
    const bound = bounds?.[end] ?? 0;
    if (toUnits(bound, decimals) === undefined) {
      const message = `must be a score of the board: at most ${decimals} decimals`;
      context.addIssue({ code: "custom", path: ["bounds", end], message });
    }
  }
  if (!operators.includes(operator)) {
    context.addIssue({ code: "custom", path: ["operators"], message: `must have the operator, ${operator}` });
  }
}

/** What a write may ask for where the definition does not say: of `set`, what releases before allowed. */
const DEFAULT_OPERATORS: Record<Given["operator"], BoardOperation[]> = {
  set: ["set", "add", "create"],
  best: ["best"],
  add: ["add"],
};

/** Completes what `PUT` takes. */
export function toDefinition({ operators, ...given }: Given): BoardDefinition {
  return { ...given, operators: operators ?? DEFAULT_OPERATORS[given.operator] };
}

/**
 * A score in units of the board's last decimal; undefined for one with more decimals, or out of
 * range. Exact: a number of up to 15 digits is spelled as it was written.
 */
export function toUnits(score: number, decimals: number): number | undefined {
  if (decimals === 0) return Number.isSafeInteger(score) ? score + 0 : undefined;
  const [, sign = "", whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(toPlain(score)) ?? [];
  if (whole === "" || fraction.length > decimals) return undefined;
  const units = Number(`${sign}${whole}${fraction.padEnd(decimals, "0")}`) + 0;
  return Math.abs(units) <= unitsMax(decimals) ? units : undefined;
}

/** Without an exponent: JavaScript writes 0.0000001 as 1e-7, which no board has as many decimals for. */
const toPlain = (score: number) => (Math.abs(score) < 1e-6 && score !== 0 ? "" : String(score));

/** The score that callers see. */
export const fromUnits = (units: number, decimals: number): number =>
  decimals === 0 ? units : Number(`${units}e-${decimals}`);

/** A board as the ranker knows it. */
export interface Board extends BoardDefinition {
  readonly id: string;
  /** Grows with each change, also when an id is used again; 0 for a configured board that nobody changed. */
  readonly rev: number;
  /** Null for a configured board that nobody changed. */
  readonly created_at: string | null;
  readonly state: BoardState;
}

/** A board that is being deleted is there for nobody, until its entries are gone and the id is free. */
export type BoardState = "open" | "deleting";

/** The definition of the boards in `BOARDS`. */
export const configuredBoard = (id: string): Board => ({
  ...toDefinition(boardSchema.parse({})),
  id,
  rev: 0,
  created_at: null,
  state: "open",
});
