import type { BoardView, GivenBoard } from "shared/api/definitions";
import { toInvalidRequest } from "shared/api/problems";
import { flag, value } from "shared/command/define-command";
import { type BoardOperation, boardFields, boardIdSchema, boardSchema } from "shared/model/board";
import { commaList } from "shared/service/environment";
import { z } from "zod";
import { urlOption } from "../connect/gateway-url.ts";

const NONE = "none";
const isBound = (text: string) => text === NONE || (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text)));
const bound = z
  .string()
  .refine(isBound, `must be an integer, or ${NONE}`)
  .transform((text) => (text === NONE ? null : Number(text)))
  .optional();

const operators = commaList.pipe(boardFields.operators.unwrap() as z.ZodType<BoardOperation[], string[]>);

/** The fields of a board that an operator may change, by the schemas of the routes. */
export const changeOptions = {
  title: value("TEXT", "what people read", boardFields.title.unwrap().optional()),
  operators: value("A,B", "what a write may ask for: set, add, create", operators.optional()),
  min: value("N", "the least score; none for no bound, --min=-5 for a negative one", bound),
  max: value("N", "the greatest score, in the same way", bound),
  writers: value("WHO", "players or operators", boardFields.writers.unwrap().optional()),
};

/** The fields of a new board. */
export const definitionOptions = {
  operator: value("NAME", "what a submitted score does: set or add", boardFields.operator.unwrap().optional()),
  ...changeOptions,
};

/** What every action has beside. */
export const gatewayOptions = {
  url: urlOption,
  json: flag("JSON, one object a line"),
};

type Given = Partial<z.output<z.ZodObject<typeof definitionOptions>>>;

/** The fields that the options name, where those that are left out stay as `present` has them. */
export function toFields({ min, max, ...given }: Given, present?: Pick<BoardView, "bounds">): GivenBoard {
  const fields = Object.entries(given).filter(([name, field]) => name in definitionOptions && field !== undefined);
  if (min !== undefined || max !== undefined) {
    const { min: least = null, max: most = null } = present?.bounds ?? {};
    const bounds = { min: min === undefined ? least : min, max: max === undefined ? most : max };
    fields.push(["bounds", bounds.min === null && bounds.max === null ? null : bounds] as never);
  }
  return Object.fromEntries(fields);
}

/** Faults that show only in several of the options together, each with its option. */
export function definitionFaults(options: Given): string[] {
  const { error } = boardSchema.safeParse(toFields(options));
  if (error === undefined) return [];
  return toInvalidRequest(error, "board").errors?.map(({ field, message }) => `--${toOption(field)} ${message}`) ?? [];
}

/** `max` of `bounds.max`. */
const toOption = (field: string) => field.replace(/^bounds\./, "");

const isOneBoard = (ids: unknown) => z.tuple([boardIdSchema]).safeParse(ids).success;

/** Takes one id of a board. */
export const oneBoard = z.custom<[id: string]>(
  isOneBoard,
  "name one board: 1 to 32 characters out of a-z, 0-9, _ and -",
);
