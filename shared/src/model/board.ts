import { z } from "zod";
import { BOARD_ID } from "./board-id.ts";
import { isPlain, PLAIN, PLAIN_IN_WORDS, PLAIN_PATTERN } from "./names.ts";

/**
 * What a board is: how it ranks, and who may do what. A definition is a setting of kind `boards`.
 */

export const BOARD_ID_MESSAGE = "must be 1 to 32 characters out of a-z, 0-9, _ and -, the first no - or _";

export const boardIdSchema = z
  .string()
  .regex(BOARD_ID, BOARD_ID_MESSAGE)
  .meta({ description: "The board's name in every URL." });

export const OPERATIONS = ["set", "add", "create"] as const;
/** What a write may ask of a board. */
export type BoardOperation = (typeof OPERATIONS)[number];

export const TITLE_CHARACTERS_MAX = 100;

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

const boundSchema = z.int("must be an integer, or null").nullable().default(null);
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
export const FIXED_FIELDS = ["operator"] as const;

/** The fields of a definition, with their defaults. */
export const boardFields = {
  title: titleSchema.default(""),
  operator: z
    .enum(["set", "add"], "must be one of set, add")
    .default("set")
    .meta({ description: "What `POST /score/submit` does: sets the score, or adds to it." }),
  operators: operationsSchema.optional(),
  bounds: boundsSchema.default(null),
  writers: z
    .enum(["players", "operators"], "must be one of players, operators")
    .default("players")
    .meta({ description: "Who may write." }),
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

function refineBoard({ operator, operators = [operator] }: Given, context: z.RefinementCtx): void {
  if (operators.includes(operator)) return;
  context.addIssue({ code: "custom", path: ["operators"], message: `must have the operator, ${operator}` });
}

/**
 * What a write may ask for where the definition does not say: of `set`, what releases before
 * allowed.
 */
const DEFAULT_OPERATORS: Record<Given["operator"], BoardOperation[]> = {
  set: ["set", "add", "create"],
  add: ["add"],
};

/** Completes what `PUT` takes. */
export function toDefinition({ operators, ...given }: Given): BoardDefinition {
  return { ...given, operators: operators ?? DEFAULT_OPERATORS[given.operator] };
}

/** A board as the ranker knows it. */
export interface Board extends BoardDefinition {
  readonly id: string;
  /**
   * Grows with each change, also when an id is used again; 0 for a configured board that nobody
   * changed.
   */
  readonly rev: number;
  /**
   * Every revision below is of a board that had the id before; 0 where there was none. What such a
   * board has left is not shown in this one.
   */
  readonly born: number;
  /** Null for a configured board that nobody changed. */
  readonly created_at: string | null;
  readonly state: BoardState;
}

/**
 * A board that is being deleted is there for nobody, until its entries are gone and the id is free.
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
});
