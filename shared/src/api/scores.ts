import { z } from "zod";
import { inPlainWords } from "../base/plain-words.ts";
import { OPERATIONS } from "../model/board.ts";
import { nameSchema } from "../model/names.ts";
import type { Topology } from "../model/regions.ts";
import { boardSchema, metadataSchema, regionSchema, scoreSchema, subSchema, userIdSchema } from "../model/scores.ts";
import { writtenEntrySchema } from "./entries.ts";
import { examples } from "./examples.ts";
import { idempotencyKeySchema, itemProblemFields, tiesField } from "./fields.ts";
import { nameOperations } from "./operation.ts";

export const seasonNumberSchema = z.int("must be an integer from 0 on").min(0, "must be an integer from 0 on");

/** Fields of every write of a score, by players and by operators. */
export const writtenFields = (topology: Topology) => ({
  sub: subSchema.optional(),
  metadata: metadataSchema.optional(),
  board: boardSchema,
  season: seasonNumberSchema.optional().meta({
    description: "The season that alone the write is for: refused where another one runs.",
  }),
  ties: tiesField,
  region: regionSchema(topology).optional().meta({ description: "The player's home region; another one is refused." }),
});

/** Fields of a write for a player who may have no account. The first one needs `region` as well. */
export const anyPlayerFields = (topology: Topology) => ({
  ...writtenFields(topology),
  name: nameSchema.optional().meta({
    description:
      "The player's name from now on. A registered player keeps the account's name. Without it the name of the last " +
      "entry stays, and at the first write the `user_id` stands in.",
  }),
});

const whatFields = {
  score: scoreSchema.optional().meta({ description: "Submitted: the board's `operator` says what it does." }),
  operation: z
    .enum(OPERATIONS, `must be one of ${OPERATIONS.join(", ")}`)
    .optional()
    .meta({ description: "In place of the board's `operator`, with `value`." }),
  value: scoreSchema.optional().meta({ description: "The score, or for `add` what is added." }),
};
type What = z.output<z.ZodObject<typeof whatFields>>;

/**
 * A write of an operator, who may ask for an operation. Refinements are not in JSON Schema; the
 * descriptions of the fields say the same.
 */
export const writeSchema = <F extends z.ZodRawShape>(fields: F) =>
  z.strictObject({ ...fields, ...whatFields }).superRefine((write, context) => refineWhat(write as What, context));
/** `score` alone, or `operation` with `value`, beside other fields. */
export type OneWrite<Fields> = Omit<Fields, keyof What> &
  ({ score: number } | { operation: NonNullable<What["operation"]>; value: number });

function refineWhat({ score, operation, value }: What, { addIssue }: z.RefinementCtx): void {
  const refuse = (field: keyof What, message: string) => addIssue({ code: "custom", path: [field], message });
  if (operation === undefined && value === undefined) {
    if (score === undefined) refuse("score", "is required, or operation and value in place of it");
    return;
  }
  if (score !== undefined) refuse("score", "must not be given beside operation and value");
  if (operation === undefined) refuse("operation", "is required where value is given");
  if (value === undefined) refuse("value", "is required where operation is given");
}

const SCORES_MAX = 200;
const itemSchema = (topology: Topology) =>
  writeSchema({
    user_id: userIdSchema,
    ...anyPlayerFields(topology),
    idempotency_key: idempotencyKeySchema.optional().meta({
      description:
        "Makes the write safe to repeat, as the header does for a single one. Without it the header counts, with the " +
        "item's place in the list.",
    }),
  });
export type ScoresItem = OneWrite<z.input<ReturnType<typeof itemSchema>>>;

/** An item as a ranker takes it, or what is wrong with it. */
export type GivenItem = z.ZodSafeParseResult<z.output<ReturnType<typeof itemSchema>>>;

const itemsSchema = <S extends z.ZodType>(item: S) =>
  z.strictObject({
    items: z
      .array(item, `must be a list of 1 to ${SCORES_MAX} writes`)
      .min(1, `must be a list of 1 to ${SCORES_MAX} writes`)
      .max(SCORES_MAX, `must be a list of 1 to ${SCORES_MAX} writes`)
      .meta({ description: "Those of one player are written in their order." }),
  });

/** Takes any items: one that is not valid is refused alone. */
function givenItemsSchema(topology: Topology) {
  const schema = itemSchema(topology);
  const parse = (item: unknown): GivenItem => schema.safeParse(item, { error: inPlainWords });
  return itemsSchema(z.unknown().transform(parse));
}

/** What became of one item: the entry as a single write answers it, or the refusal. */
export const itemAnswerSchema = z.union([
  writtenEntrySchema.extend({
    status: z.union([z.literal(200), z.literal(201)]).meta({ description: "201 for an entry that was created." }),
    replayed: z.literal(true).optional().meta({ description: "The answer to an earlier write with the same key." }),
  }),
  z.object({
    ...itemProblemFields,
    replayed: z.literal(true).optional(),
    used: z.int().optional(),
    max: z.int().optional(),
    score: z.number().optional(),
    bounds: z.looseObject({}).optional(),
    season: z.int().optional(),
  }),
]);
export const writtenScoresSchema = z.object({
  items: z.array(itemAnswerSchema).meta({ description: "In the order of the request." }),
});
export type ItemAnswer = z.infer<typeof itemAnswerSchema>;
export type WrittenScores = z.infer<typeof writtenScoresSchema>;

/** {@link SCORES_MAX} items whose 4,096 bytes of metadata are escaped up to threefold. */
const SCORES_BYTES_MAX = 3 * 1024 * 1024;

const createScoreSchema = (topology: Topology) =>
  z.strictObject({ ...writtenFields(topology), initialScore: scoreSchema });
const setScoreSchema = (topology: Topology) => z.strictObject({ ...writtenFields(topology), score: scoreSchema });
const addScoreSchema = (topology: Topology) => z.strictObject({ ...writtenFields(topology), delta: scoreSchema });
const scoreForSchema = (topology: Topology) =>
  z.strictObject({ user_id: userIdSchema, ...anyPlayerFields(topology), score: scoreSchema });
export type ScoreFor = z.input<ReturnType<typeof scoreForSchema>>;
export type CreateScore = z.input<ReturnType<typeof createScoreSchema>>;
export type SetScore = z.input<ReturnType<typeof setScoreSchema>>;
export type AddScore = z.input<ReturnType<typeof addScoreSchema>>;

/** The answer to a write: the entry after it. */
export const written = {
  description: "The entry as it stands now.",
  schema: writtenEntrySchema,
  example: examples.writtenEntry,
} as const;

const write = {
  method: "POST",
  tag: "scores",
  access: "player",
  limits: ["user", "region"],
  isProxied: true,
  isWrite: true,
  repeat: "keyed",
} as const;
/** What every write may be refused with. */
export const writeProblems = [
  "board_not_found",
  "board_ended",
  "board_not_started",
  "season_ended",
  "season_unknown",
  "operator_not_allowed",
  "score_out_of_bounds",
  "attempts_exhausted",
  "stale_definition",
  "idempotency_conflict",
  "queue_full",
  "outcome_unknown",
] as const;

const playerProblems = ["board_read_only", "wrong_region", ...writeProblems] as const;

/**
 * `POST /score`: game servers write for players, and players for themselves; `POST /scores`: game
 * servers write for many. `POST /score/submit`, `/score/create`, `/score/update` and `/score/add`:
 * players write their own scores.
 */
export const scoreOperations = (topology: Topology) =>
  nameOperations({
    submitScoreFor: {
      ...write,
      path: "/score",
      access: { role: "writer", boards: "named", players: true },
      limits: ["user", "region", "operator"],
      summary: "Submit the score of a player, who need not have registered",
      description:
        "Does what `POST /score/submit` does, for `user_id`. For an operator the player need not have registered: the " +
        "first write of such a player needs `region`, unless there is only one, which then is the player's home. A " +
        "player's token writes for its own `user_id` alone.",
      body: { schema: scoreForSchema(topology), example: examples.scoreFor },
      success: { 200: written },
      problems: ["score_out_of_range", ...playerProblems],
    },
    submitScores: {
      ...write,
      path: "/scores",
      tag: "operators",
      access: { role: "writer", boards: "items" },
      limits: ["operator"],
      summary: "Submit the scores of many players at once",
      description:
        "For game servers at the end of a match: each item is what `POST /score` or `POST /players/{userId}/score` " +
        "takes. Items are written one by one: one that is refused, or that is not valid, changes nothing about the " +
        "others, and the answer has a `status` for each. The items of one player are written in their order; once one " +
        "is answered 429 or 503, those behind it on the same shard or board are not written either, and say so. The whole call takes one permit. " +
        "With an `Idempotency-Key` the call can be repeated as it is: each item counts once.",
      body: {
        schema: givenItemsSchema(topology),
        shown: itemsSchema(itemSchema(topology)),
        example: examples.scores,
        bytesMax: SCORES_BYTES_MAX,
      },
      success: {
        200: {
          description: "What became of each item. `Retry-After` says when those with 429 or 503 may be sent again.",
          schema: writtenScoresSchema,
          example: examples.writtenScores,
        },
      },
      problems: ["outcome_unknown"],
    },
    submitScore: {
      ...write,
      path: "/score/submit",
      summary: "Submit a score",
      description:
        "What it does to the entry is the board's `operator`: it sets the score, keeps the best one, or adds to it.",
      body: { schema: setScoreSchema(topology), example: examples.setScore },
      success: { 200: written },
      problems: ["score_out_of_range", ...playerProblems],
    },
    createScore: {
      ...write,
      path: "/score/create",
      summary: "Enter a board",
      body: { schema: createScoreSchema(topology), example: examples.createScore },
      success: { 201: written },
      problems: ["entry_exists", ...playerProblems],
    },
    setScore: {
      ...write,
      path: "/score/update",
      summary: "Set the score",
      body: { schema: setScoreSchema(topology), example: examples.setScore },
      success: { 200: written },
      problems: playerProblems,
    },
    addScore: {
      ...write,
      path: "/score/add",
      summary: "Add to the score, atomically",
      description: "A missing entry begins at 0.",
      body: { schema: addScoreSchema(topology), example: examples.addScore },
      success: { 200: written },
      problems: ["score_out_of_range", ...playerProblems],
    },
  });
