import { z } from "zod";
import { nameSchema } from "../model/names.ts";
import type { Topology } from "../model/regions.ts";
import { boardSchema, metadataSchema, regionSchema, scoreSchema, subSchema, userIdSchema } from "../model/scores.ts";
import { writtenEntrySchema } from "./entries.ts";
import { examples } from "./examples.ts";
import { tiesField } from "./fields.ts";
import { nameOperations } from "./operation.ts";

/** Fields of every write of a score, by players and by operators. */
export const writtenFields = (topology: Topology) => ({
  sub: subSchema.optional(),
  metadata: metadataSchema.optional(),
  board: boardSchema,
  season: z.int("must be an integer from 0 on").min(0, "must be an integer from 0 on").optional().meta({
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
 * `POST /score`: game servers write for players, and players for themselves. `POST /score/submit`,
 * `/score/create`, `/score/update` and `/score/add`: players write their own scores.
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
