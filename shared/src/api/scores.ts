import { z } from "zod";
import type { Topology } from "../model/regions.ts";
import { boardSchema, regionSchema, scoreSchema } from "../model/scores.ts";
import { entrySchema } from "./entries.ts";
import { examples } from "./examples.ts";
import { nameOperations } from "./operation.ts";

const writtenFields = (topology: Topology) => ({
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
  schema: entrySchema,
  example: examples.entry,
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
const writeProblems = [
  "board_not_found",
  "board_read_only",
  "operator_not_allowed",
  "score_out_of_bounds",
  "stale_definition",
  "wrong_region",
  "idempotency_conflict",
  "queue_full",
  "outcome_unknown",
] as const;

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
      description: "What it does to the entry is the board's `operator`: it sets the score, or adds to it.",
      body: { schema: setScoreSchema(topology), example: examples.setScore },
      success: { 200: written },
      problems: ["score_out_of_range", ...writeProblems],
    },
    createScore: {
      ...write,
      path: "/score/create",
      summary: "Enter a board",
      body: { schema: createScoreSchema(topology), example: examples.createScore },
      success: { 201: written },
      problems: ["entry_exists", ...writeProblems],
    },
    setScore: {
      ...write,
      path: "/score/update",
      summary: "Set the score",
      body: { schema: setScoreSchema(topology), example: examples.setScore },
      success: { 200: written },
      problems: writeProblems,
    },
    addScore: {
      ...write,
      path: "/score/add",
      summary: "Add to the score, atomically",
      description: "A missing entry begins at 0.",
      body: { schema: addScoreSchema(topology), example: examples.addScore },
      success: { 200: written },
      problems: ["score_out_of_range", ...writeProblems],
    },
  });
