import { z } from "zod";
import { boardChangeSchema, boardFields, boardIdSchema, boardSchema, OPERATIONS } from "../model/board.ts";
import { examples } from "./examples.ts";
import { countField } from "./fields.ts";
import { nameOperations, openRead } from "./operation.ts";

export const BOARDS_LIMIT_MAX = 100;

const instant = z.iso.datetime({ precision: 6 });
const runningSchema = z.object({
  season: z.int().min(0).meta({ description: "Seasons count from 1; 0 is what was there before the first." }),
  starts_at: instant.nullable().meta({ description: "Null for season 0." }),
  ends_at: instant.nullable().meta({ description: "Null for a season that goes on." }),
});

/** A board as routes answer it. */
export const boardViewSchema = z.object({
  id: boardIdSchema,
  ...boardFields,
  operators: z.array(z.enum(OPERATIONS)),
  rev: z.int().min(0).meta({ description: "Grows with each change; `If-Match` names it." }),
  created_at: instant.nullable().meta({ description: "Null for a configured board that was never changed." }),
  state: z.enum(["open", "ended"]).meta({ description: "An ended board is read, and written no more." }),
  running: runningSchema
    .nullable()
    .meta({ description: "The season that runs; null before the first one, and for a board without seasons." }),
  next: z
    .array(instant)
    .meta({ description: "The next instants at which a season ends, or the first begins: as many as are planned." }),
});
export type BoardView = z.infer<typeof boardViewSchema>;

export const boardsSchema = z.object({
  boards: z.array(boardViewSchema),
  next: z.string().nullable().meta({ description: "The `cursor` of the next page; null behind the last one." }),
});
export type BoardsView = z.infer<typeof boardsSchema>;

/** A board whose entries are being removed. */
export const deletedBoardSchema = z.object({ board: boardIdSchema, state: z.literal("deleting") });
export type DeletedBoard = z.infer<typeof deletedBoardSchema>;

const boardParams = z.strictObject({ board: boardIdSchema });
const boardsQuery = z.strictObject({
  cursor: boardIdSchema.optional().meta({ description: "`next` of the page before." }),
  limit: countField(BOARDS_LIMIT_MAX, BOARDS_LIMIT_MAX, "How many boards."),
});
export type BoardsQuery = Partial<z.output<typeof boardsQuery>>;
export type GivenBoard = z.input<typeof boardSchema>;
export type BoardChange = z.input<typeof boardChangeSchema>;

const shown = (description: string) => ({ description, schema: boardViewSchema, example: examples.board });
const change = {
  path: "/boards/:board",
  params: boardParams,
  tag: "boards",
  access: { role: "admin", boards: "named" },
  limits: ["operator"],
  isProxied: true,
  isWrite: true,
} as const;
const changeProblems = [
  "board_immutable",
  "board_being_deleted",
  "board_ended",
  "precondition_required",
  "precondition_failed",
  "queue_full",
  "outcome_unknown",
  "stale_definition",
] as const;

/** `/boards…`: what boards there are, and what they are. */
export const definitionOperations = nameOperations({
  listBoards: {
    ...openRead,
    path: "/boards",
    summary: "The boards that there are",
    description: "In the order of their ids. A board that is made or deleted meanwhile may be on no page.",
    query: boardsQuery,
    success: { 200: { description: "A page.", schema: boardsSchema, example: examples.boards } },
    problems: [],
  },
  readBoard: {
    ...openRead,
    path: "/boards/:board",
    params: boardParams,
    query: z.strictObject({}),
    summary: "One board",
    success: { 200: shown("The definition.") },
    problems: ["board_not_found"],
  },
  putBoard: {
    ...change,
    method: "PUT",
    repeat: "always",
    summary: "Make a board, or change it",
    description:
      "With the definition that is there it changes nothing. `order`, `operator`, `decimals` and `sub` never change, and " +
      'any other field only with `If-Match: "<rev>"`. Fields that are left out get their defaults. From the answer on no ' +
      "write and no read goes by the old definition.",
    body: { schema: boardSchema, example: examples.givenBoard, isOptional: true },
    success: { 200: shown("The board is so."), 201: shown("The board was made.") },
    problems: changeProblems,
  },
  changeBoard: {
    ...change,
    method: "PATCH",
    repeat: "never",
    summary: "Change some fields of a board",
    description: 'Needs `If-Match: "<rev>"`.',
    body: { schema: boardChangeSchema, example: examples.boardChange },
    success: { 200: shown("The board is so.") },
    problems: ["board_not_found", ...changeProblems],
  },
  deleteBoard: {
    ...change,
    method: "DELETE",
    repeat: "always",
    summary: "Delete a board",
    description:
      "From the answer on the board is 404. Its entries are removed in the background; until then the id is " +
      'not free, and a repeat is answered in the same way. With `If-Match: "<rev>"` it deletes that revision alone.',
    success: {
      202: { description: "The board is gone.", schema: deletedBoardSchema, example: examples.deletedBoard },
    },
    problems: [
      "board_not_found",
      "board_configured",
      "precondition_failed",
      "queue_full",
      "outcome_unknown",
      "stale_definition",
    ],
  },
});
