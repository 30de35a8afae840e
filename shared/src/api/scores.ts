import { z } from "zod";
import type { Topology } from "../model/regions.ts";
import { boardSchema, metadataSchema, regionSchema, scoreSchema, subSchema } from "../model/scores.ts";
import { writtenEntrySchema } from "./entries.ts";
import { examples } from "./examples.ts";
import { nameOperations } from "./operation.ts";

/** What any write may give beside the score. */
export const besideScore = { sub: subSchema.optional(), metadata: metadataSchema.optional() };

const writtenFields = (topology: Topology) => ({
  ...besideScore,
  board: boardSchema,
  region: regionSchema(topology).optional().meta({ description: "The player's home region; another one is refused." }),
});
const createScoreSchema = (topology: Topology) =>
  z.strictObject({ ...writtenFields(topology), initialScore: scoreSchema });
const setScoreSchema = (topology: Topology) => z.strictObject({ ...writtenFields(topology), score: scoreSchema });
const addScoreSchema = (topology: Topology) => z.strictObject({ ...writtenFields(topology), delta: scoreSchema });
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
 * `POST /score/submit`, `/score/create`, `/score/update` and `/score/add`: players write their own
 * scores.
 */
export const scoreOperations = (topology: Topology) =>
  nameOperations({
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
