import { z } from "zod";
import { faultOfTiers, tiersSchema } from "../entries/tiers.ts";
import { DECIMALS_MAX, toUnits } from "../entries/units.ts";
import { BOARD_ID, BOARD_ID_MESSAGE } from "./board-id.ts";
import { plainTextSchema } from "./names.ts";
import { seasonSchema } from "./season.ts";

/**
 * What a board is: how it ranks, and who may do what. A definition is a setting of kind `boards`.
 */

export const boardIdSchema = z
  .string()
  .regex(BOARD_ID, BOARD_ID_MESSAGE)
  .meta({ description: "The board's name in every URL." });

export const OPERATIONS = ["set", "best", "add", "create"] as const;
/** What a write may ask of a board. */
export type BoardOperation = (typeof OPERATIONS)[number];

export const TITLE_CHARACTERS_MAX = 100;
export const METADATA_BYTES_MAX = 4096;
const ATTEMPTS_MAX = 1_000_000;

const titleSchema = plainTextSchema(TITLE_CHARACTERS_MAX, "What people read; empty where the id is enough.");

export const UNIT_CHARACTERS_MAX = 16;

const unitSchema = plainTextSchema(UNIT_CHARACTERS_MAX, "What a page shows behind a score, such as s or points.");

const boundSchema = z
  .number("must be a number, or null")
  .min(Number.MIN_SAFE_INTEGER, `must be at least ${Number.MIN_SAFE_INTEGER}`)
  .max(Number.MAX_SAFE_INTEGER, `must be at most ${Number.MAX_SAFE_INTEGER}`)
  .nullable()
  .default(null);
const boundsSchema = z
  .strictObject({ min: boundSchema, max: boundSchema })
  .refine(({ min, max }) => min === null || max === null || min <= max, {
    path: ["max"],
    message: "must not be below min",
  })
  .nullable()
  .meta({ description: "Of the resulting score; null where there are none." });

const operationsSchema = z
  .array(z.enum(OPERATIONS, `must be one of ${OPERATIONS.join(", ")}`))
  .min(1, "must name at least one")
  .refine((all) => new Set(all).size === all.length, "must not name one twice")
  .meta({ description: "What a write may ask for. `operator` where it asks for nothing." });

/** Fields that mean something else for the scores that are there, so that they never change. */
export const FIXED_FIELDS = ["order", "operator", "decimals", "sub"] as const;

const oneOf = (...words: string[]) => `must be one of ${words.join(", ")}`;
const integerFrom = (least: number, most: number) => {
  const message = `must be an integer from ${least} to ${most}`;
  return z.int(message).min(least, message).max(most, message);
};

/** The fields of a definition, with their defaults. */
export const boardFields = {
  title: titleSchema.default(""),
  order: z
    .enum(["desc", "asc"], oneOf("desc", "asc"))
    .default("desc")
    .meta({ description: "Which score is the best: the highest, or the lowest." }),
  operator: z
    .enum(["set", "best", "add"], oneOf("set", "best", "add"))
    .default("set")
    .meta({ description: "What `POST /score/submit` does: sets the score, keeps the best one, or adds to it." }),
  operators: operationsSchema.optional(),
  decimals: integerFrom(0, DECIMALS_MAX).default(0).meta({ description: "Digits behind the point of a score." }),
  unit: unitSchema.default(""),
  sub: z
    .enum(["desc", "asc"], "must be desc, asc, or null")
    .nullable()
    .default(null)
    .meta({ description: "The order of a second number that decides between equal scores; null where there is none." }),
  bounds: boundsSchema.default(null),
  writers: z
    .enum(["players", "operators"], oneOf("players", "operators"))
    .default("players")
    .meta({ description: "Who may write." }),
  readers: z
    .enum(["anyone", "operators"], oneOf("anyone", "operators"))
    .default("anyone")
    .meta({ description: "Who may read." }),
  metadata_bytes_max: integerFrom(0, METADATA_BYTES_MAX)
    .default(0)
    .meta({ description: "Bytes of the metadata that a write may give an entry; with 0 it has none." }),
  attempts_max: integerFrom(1, ATTEMPTS_MAX)
    .nullable()
    .default(null)
    .meta({ description: "How often a player may write; null for any number." }),
  season: seasonSchema.default(null),
  tiers: tiersSchema.default(null),
};

/** What `PUT /boards/:board` takes: each field may be left out. */
export const boardSchema = z.strictObject(boardFields).superRefine(refineBoard);

const unwrap = (field: z.ZodType) => (field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : field);

/** What `PATCH /boards/:board` takes: the fields to change. */
export const boardChangeSchema = z.strictObject(
  Object.fromEntries(Object.entries(boardFields).map(([name, field]) => [name, unwrap(field).optional()])) as {
    [K in keyof typeof boardFields]: z.ZodOptional<z.ZodType<z.output<(typeof boardFields)[K]>>>;
  },
);

type Given = z.output<z.ZodObject<typeof boardFields>>;

/** A definition with all its fields. */
export type BoardDefinition = Omit<Given, "operators"> & { operators: BoardOperation[] };

function refineBoard(given: Given, context: z.RefinementCtx): void {
  const { order, decimals, bounds, tiers, operator, operators = [operator] } = given;
  if (!operators.includes(operator)) {
    context.addIssue({ code: "custom", path: ["operators"], message: `must have the operator, ${operator}` });
  }
  const scores = [
    { path: ["bounds", "min"], score: bounds?.min },
    { path: ["bounds", "max"], score: bounds?.max },
  ];
  for (const [index, { upto }] of (tiers?.by === "score" ? tiers.steps : []).entries()) {
    scores.push({ path: ["tiers", "steps", String(index), "upto"], score: upto });
  }
  for (const { path, score } of scores) {
    if (score == null || toUnits(score, decimals) !== undefined) continue;
    const message = `must be a score of the board, with at most ${decimals} decimals`;
    context.addIssue({ code: "custom", path, message });
  }
  const fault = tiers === null ? undefined : faultOfTiers(tiers, order === "asc");
  if (fault !== undefined) context.addIssue({ code: "custom", ...fault });
}

/**
 * What a write may ask for where the definition does not say: of `set`, what releases before
 * allowed.
 */
const DEFAULT_OPERATORS: Record<Given["operator"], BoardOperation[]> = {
  set: ["set", "add", "create"],
  best: ["best"],
  add: ["add"],
};

/** Completes what `PUT` takes. */
export function toDefinition({ operators, bounds, ...given }: Given): BoardDefinition {
  const isBounded = bounds !== null && (bounds.min !== null || bounds.max !== null);
  return {
    ...given,
    operators: operators ?? DEFAULT_OPERATORS[given.operator],
    bounds: isBounded ? bounds : null,
  };
}

/** A board as the ranker knows it. */
export interface Board extends BoardDefinition {
  readonly id: string;
  /**
   * Grows with each change, also when an id is used again; 0 for a configured board that was never
   * changed.
   */
  readonly rev: number;
  /**
   * Every revision below is of a board that had the id before; 0 where there was none. What such a
   * board has left is not shown in this one.
   */
  readonly born: number;
  /** Null for a configured board that was never changed. */
  readonly created_at: string | null;
  readonly state: BoardState;
  /**
   * Whether its entries are of seasons: since it has, or had, a schedule. Without one the season
   * that runs goes on.
   */
  readonly has_seasons: boolean;
}

/**
 * A board that is being deleted is 404 for every caller, until its entries are gone and the id is
 * free.
 */
export type BoardState = "open" | "deleting";

/** The definition of the boards in `BOARDS`. */
export const configuredBoard = (id: string): Board => ({
  ...toDefinition(boardSchema.parse({})),
  id,
  rev: 0,
  born: 0,
  created_at: null,
  state: "open",
  has_seasons: false,
});
