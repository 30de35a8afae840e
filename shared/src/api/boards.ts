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

const cursorMeta = (what: string) => ({
  description: `The \`cursor\` of the page ${what} this one; null where there are no entries.`,
});

export const topSchema = z.object({
  region: viewField,
  total: totalField,
  entries: z.array(entrySchema),
  next: z.string().nullable().meta(cursorMeta("behind")),
  prev: z.string().nullable().meta(cursorMeta("ahead of")),
  ...seasonFields,
  ...mayBePartial,
});
export type TopView = z.infer<typeof topSchema>;
/** The same without what leads to other pages. */
export type BestView = Omit<TopView, "next" | "prev">;

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

/** Ranks are whole numbers below 2³¹ in most clients. */
const FROM_MAX = 2 ** 31 - 1;
const CURSOR_CHARACTERS_MAX = 512;

/** The rank that a page begins with: plain digits, as in {@link countField}. */
const fromField = z
  .string()
  .regex(/^\d{1,10}$/, "must be a whole number")
  .transform(Number)
  .refine((value) => value >= 1 && value <= FROM_MAX, `must be from 1 to ${FROM_MAX}`)
  .optional()
  .meta({
    type: "integer",
    pattern: undefined,
    minimum: 1,
    maximum: FROM_MAX,
    description:
      "The rank that the page begins with, 1 unless given. In an archived season, where players may have been hidden " +
      "or erased since, the first rank from there on.",
  });

const cursorField = z
  .string()
  .regex(/^[A-Za-z0-9_-]+$/, "must be the next or prev of an answer")
  .max(CURSOR_CHARACTERS_MAX, "must be the next or prev of an answer")
  .optional()
  .meta({
    description:
      "The `next` or `prev` of an answer for this board and region. The page goes on at that place, in the season of that " +
      "answer, with ranks as the board is now. Not beside `from`.",
  });

const topQuery = (topology: Topology) =>
  z
    .strictObject({
      ...readFields(topology),
      limit: countField(LIMIT_MAX, LIMIT_DEFAULT, "How many entries."),
      from: fromField,
      cursor: cursorField,
    })
    .refine(({ from, cursor }) => from === undefined || cursor === undefined, {
      path: ["cursor"],
      message: "must be left out beside from",
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
      summary: "The best of a board, or another page of it",
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
