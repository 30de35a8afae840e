import { z } from "zod";
import { readNumber } from "../base/read-integer.ts";
import type { Topology } from "../model/regions.ts";
import { scoreSchema, subSchema } from "../model/scores.ts";
import { entryFields, entrySchema, rankField } from "./entries.ts";
import { examples } from "./examples.ts";
import { countField, playerParams, seasonFields, tiesField, totalField, viewFields } from "./fields.ts";
import { nameOperations, openRead } from "./operation.ts";

export const LIMIT_MAX = 1000;
export const LIMIT_DEFAULT = 100;
export const RANGE_MAX = 100;
export const RANGE_DEFAULT = 10;

export const viewField = z.string().meta({ description: "The region that was asked for, or `GLOBAL`." });

/** Added to answers by `partial=allow`. */
export const mayBePartial = {
  missing_regions: z.array(z.string()).optional().meta({
    description: "Regions whose entries are not counted; present where `partial=allow` was asked for.",
  }),
};
export type MayBePartial = z.infer<z.ZodObject<typeof mayBePartial>>;

export const topSchema = z.object({
  region: viewField,
  total: totalField,
  entries: z.array(entrySchema),
  ...seasonFields,
  ...mayBePartial,
});
export type TopView = z.infer<typeof topSchema>;

export const rankSchema = z.object({
  rank: rankField.meta({ description: "1 is the best." }),
  ...entryFields,
  total: totalField.meta({ description: "Entries of the view." }),
  percentile: z.number().gt(0).max(100).meta({
    description: "Percent of the entries at this rank or below, in two decimals: 100 for the first alone, and never 0.",
  }),
  ...seasonFields,
  ...mayBePartial,
});
export type RankView = z.infer<typeof rankSchema>;

export const aroundSchema = z.object({
  region: viewField,
  total: totalField,
  self: entrySchema,
  around: z.array(entrySchema).meta({ description: "The neighbours in order, without the player." }),
  ...seasonFields,
  ...mayBePartial,
});
export type AroundView = z.infer<typeof aroundSchema>;

export const aroundScoreSchema = z.object({
  region: viewField,
  total: totalField,
  score: z.number().meta({ description: "The score that was asked for." }),
  sub: z.int().min(0).optional().meta({ description: "Its sub-score, on a board that has them." }),
  would_be_rank: rankField.meta({
    description: "The rank of an entry that got this score now: behind all that have it, or with `ties=shared` theirs.",
  }),
  around: z.array(entrySchema).meta({ description: "The neighbours in order; those who have the score are ahead." }),
  ...seasonFields,
  ...mayBePartial,
});
export type AroundScoreView = z.infer<typeof aroundScoreSchema>;

/** `current`, `previous`, or a number. */
export const seasonNameSchema = z
  .string()
  .regex(/^(current|previous|0|[1-9]\d{0,8})$/, "must be current, previous, or the number of a season")
  .transform((text): "current" | "previous" | number =>
    text === "current" || text === "previous" ? text : Number(text),
  )
  .meta({ description: "On a board with seasons: the one that runs unless given." });

/** A number in a query, in any spelling of JSON. */
const numberIn = <S extends z.ZodType<number, number>>(schema: S) =>
  z
    .string()
    .transform((text) => readNumber(text) as number) // undefined is refused by the schema
    .pipe(schema);

/** Fields of every query that reads a board. */
export const readFields = (topology: Topology) => ({
  ...viewFields(topology),
  partial: z.literal("allow", 'must be "allow"').optional().meta({
    description: "Rather a part of the view than nothing, while a region of it does not answer.",
  }),
  season: seasonNameSchema.optional(),
  ties: tiesField,
  with: z.literal("metadata", 'must be "metadata"').optional().meta({
    description: "Entries come with their metadata.",
  }),
});
export const seasonProblems = ["season_not_found", "season_unknown", "archives_unavailable"] as const;

/** Answers of a `season` other than `current` have an `ETag`. */
const unchanged = { 304: { description: "The answer is the one that `If-None-Match` names." } };

const topQuery = (topology: Topology) =>
  z.strictObject({
    ...readFields(topology),
    limit: countField(LIMIT_MAX, LIMIT_DEFAULT, "How many entries, from the best on."),
  });
const rankQuery = (topology: Topology) => z.strictObject(readFields(topology));
const aroundQuery = (topology: Topology) =>
  z.strictObject({
    ...readFields(topology),
    range: countField(RANGE_MAX, RANGE_DEFAULT, "How many neighbours above, and below."),
  });
const aroundScoreQuery = (topology: Topology) =>
  z.strictObject({
    ...readFields(topology),
    score: numberIn(scoreSchema),
    sub: numberIn(subSchema).optional(),
    range: countField(RANGE_MAX, RANGE_DEFAULT, "How many neighbours above, and below."),
  });
/** The query as the client takes it: counts are numbers, and every field is optional. */
export type TopQuery = Partial<z.output<ReturnType<typeof topQuery>>>;
export type RankQuery = Partial<z.output<ReturnType<typeof rankQuery>>>;
export type AroundQuery = Partial<z.output<ReturnType<typeof aroundQuery>>>;
export type AroundScoreQuery = AroundQuery & { sub?: number | undefined };

/** `GET /top`, `/rank/:userId`, `/around/:userId` and `/around`. */
export const boardOperations = (topology: Topology) =>
  nameOperations({
    top: {
      ...openRead,
      path: "/top",
      summary: "The best of a board",
      query: topQuery(topology),
      success: { 200: { description: "The best, in order.", schema: topSchema, example: examples.top }, ...unchanged },
      problems: ["board_not_found", ...seasonProblems, "region_unavailable", "stale_definition"],
    },
    rank: {
      ...openRead,
      path: "/rank/:userId",
      params: playerParams,
      summary: "One player's rank",
      query: rankQuery(topology),
      success: { 200: { description: "The entry.", schema: rankSchema, example: examples.rank }, ...unchanged },
      problems: ["board_not_found", "not_ranked", ...seasonProblems, "region_unavailable", "stale_definition"],
    },
    around: {
      ...openRead,
      path: "/around/:userId",
      params: playerParams,
      summary: "One player's neighbours",
      description: "Up to `range` above and below, refilled at the ends of the board.",
      query: aroundQuery(topology),
      success: {
        200: { description: "The neighbours.", schema: aroundSchema, example: examples.around },
        ...unchanged,
      },
      problems: ["board_not_found", "not_ranked", ...seasonProblems, "region_unavailable", "stale_definition"],
    },
    aroundScore: {
      ...openRead,
      path: "/around",
      summary: "The neighbours of a score",
      description:
        "Of a `score` that no entry needs to have, as answers show scores: what a player would reach with it. Up to " +
        "`range` neighbours above and below, refilled at the ends of the board.",
      query: aroundScoreQuery(topology),
      success: {
        200: { description: "The neighbours.", schema: aroundScoreSchema, example: examples.aroundScore },
        ...unchanged,
      },
      problems: ["board_not_found", ...seasonProblems, "region_unavailable", "stale_definition"],
    },
  });
