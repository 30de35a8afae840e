import { z } from "zod";
import { boardIdSchema } from "../model/board.ts";
import { seasonNameSchema } from "./boards.ts";
import { examples } from "./examples.ts";
import { countField, timeField } from "./fields.ts";
import { nameOperations, openRead } from "./operation.ts";

export const SEASONS_LIMIT_MAX = 100;

/** What has become of a season. */
export const SEASON_STATES = ["scheduled", "running", "closing", "incomplete", "final", "purged"] as const;

const fields = {
  season: z.int().min(0).meta({ description: "Seasons count from 1; 0 is what was there before the first." }),
  state: z.enum(SEASON_STATES).meta({
    description:
      "An ended season is `closing` until it is archived, and `final` from then on. `incomplete` has entries that " +
      "PostgreSQL lacks. The entries of a `purged` one are gone, because the board keeps the last seasons alone.",
  }),
  starts_at: timeField.nullable().meta({ description: "Null for season 0." }),
  ends_at: timeField.nullable().meta({ description: "Null for a season that goes on." }),
  total: z
    .int()
    .min(0)
    .nullable()
    .meta({
      description:
        "Ranked entries of all regions, at the end for one that is final; null for a scheduled or purged one, and while " +
        "a region does not answer.",
    }),
};

export const seasonViewSchema = z.object({ board: boardIdSchema, ...fields });
export type SeasonView = z.infer<typeof seasonViewSchema>;

export const seasonsSchema = z.object({
  board: boardIdSchema,
  seasons: z.array(z.object(fields)),
  next: z.string().nullable().meta({ description: "The `cursor` of the next page; null behind the last one." }),
});
export type SeasonsView = z.infer<typeof seasonsSchema>;

const seasonsQuery = z.strictObject({
  cursor: z
    .string()
    .regex(/^\d{1,9}$/, "must be the next of a page")
    .optional()
    .meta({ description: "`next` of the page before." }),
  limit: countField(SEASONS_LIMIT_MAX, SEASONS_LIMIT_MAX, "How many seasons."),
});
export type SeasonsQuery = Partial<z.output<typeof seasonsQuery>>;

const endBody = z.strictObject({
  expect: z
    .int("must be the number of a season")
    .min(0, "must be the number of a season")
    .meta({ description: "The season that is to end." }),
});

/** `/boards/:board/seasons…`: the seasons of a board, and what has become of them. */
export const seasonOperations = nameOperations({
  listSeasons: {
    ...openRead,
    path: "/boards/:board/seasons",
    params: z.strictObject({ board: boardIdSchema }),
    summary: "The seasons of a board",
    description: "The newest first, planned ones among them. A board without seasons has none.",
    query: seasonsQuery,
    success: { 200: { description: "A page.", schema: seasonsSchema, example: examples.seasons } },
    problems: ["board_not_found", "season_unknown", "archives_unavailable", "stale_definition"],
  },
  readSeason: {
    ...openRead,
    path: "/boards/:board/seasons/:season",
    params: z.strictObject({
      board: boardIdSchema,
      season: seasonNameSchema.meta({ description: "`current`, `previous`, or a number." }),
    }),
    summary: "One season of a board",
    query: z.strictObject({}),
    success: { 200: { description: "The season.", schema: seasonViewSchema, example: examples.season } },
    problems: ["board_not_found", "season_not_found", "season_unknown", "archives_unavailable", "stale_definition"],
  },
  endSeason: {
    method: "POST",
    path: "/boards/:board/seasons/current/end",
    params: z.strictObject({ board: boardIdSchema }),
    tag: "boards",
    access: { role: "admin", boards: "named" },
    limits: ["operator"],
    isProxied: true,
    isWrite: true,
    repeat: "never",
    summary: "End the season that runs",
    description:
      "On all shards at one instant, less than a second ahead. The next season begins there, and ends when this one would " +
      "have; the seasons behind it count one more. A repeat, and a second request at the same time, end nothing more: " +
      "`season_ended`. Without an answer read the board.",
    body: { schema: endBody, example: examples.endSeason },
    success: {
      200: { description: "The season has ended.", schema: seasonViewSchema, example: examples.endedSeason },
    },
    problems: [
      "board_not_found",
      "season_not_found",
      "season_ended",
      "board_not_started",
      "season_unknown",
      "season_not_ended",
      "queue_full",
      "outcome_unknown",
    ],
  },
});
