import { z } from "zod";
import { BOARD_ID, BOARD_ID_MESSAGE } from "../model/board-id.ts";

/** Names for parts of a board, such as gold and silver. They are computed when an entry is read. */

const TIERS_MAX = 20;

const stepSchema = z.strictObject({
  id: z.string().regex(BOARD_ID, BOARD_ID_MESSAGE),
  upto: z.number("must be a number").optional(),
});

export const tiersSchema = z
  .strictObject({
    by: z.enum(["rank", "percentile", "score"], "must be one of rank, percentile, score"),
    steps: z
      .array(stepSchema)
      .min(1, "must name at least one tier")
      .max(TIERS_MAX, `must name at most ${TIERS_MAX} tiers`)
      .refine((steps) => new Set(steps.map(({ id }) => id)).size === steps.length, "must not name one twice")
      .refine(
        (steps) => steps.slice(0, -1).every(({ upto }) => upto !== undefined),
        "must have upto in each but the last",
      ),
  })
  .nullable()
  .meta({
    description:
      "The best tier first. `upto` is the last rank, percent of the entries from the top, or score of a tier; the last " +
      "tier may have none.",
  });

export type Tiers = NonNullable<z.output<typeof tiersSchema>>;

/** Where an entry stands. */
export interface Placed {
  rank: number;
  total: number;
  /** As callers see it. */
  score: number;
}

/**
 * The tier of an entry; null behind the last one. By percentile, 5 takes the first 5 % of the
 * entries, rounded up: the first of all is in the best tier, however few there are.
 *
 * @param isAscending whether the lowest score is the best
 */
export function tierOf({ by, steps }: Tiers, { rank, total, score }: Placed, isAscending: boolean): string | null {
  const reaches = (upto: number): boolean => {
    if (by === "rank") return rank <= upto;
    if (by === "percentile") return rank <= Math.ceil(shareOf(total, upto));
    return isAscending ? score <= upto : score >= upto;
  };
  return steps.find(({ upto }) => upto === undefined || reaches(upto))?.id ?? null;
}

/** Without the last digits of a double: 0.07 % of 10,000 are 7, not 7.000000000000001. */
const shareOf = (total: number, percent: number) => Number(((total * percent) / 100).toPrecision(13));

/**
 * What is wrong with the order of the steps, by the path of the field; undefined where nothing is.
 */
export function faultOfTiers(
  { by, steps }: Tiers,
  isAscending: boolean,
): { path: (string | number)[]; message: string } | undefined {
  const sign = by === "score" && !isAscending ? -1 : 1;
  for (const [index, { upto }] of steps.entries()) {
    if (upto === undefined) continue;
    const path = ["tiers", "steps", index, "upto"];
    if (by === "rank" && !(Number.isSafeInteger(upto) && upto >= 1))
      return { path, message: "must be a rank, 1 or more" };
    if (by === "percentile" && !(upto > 0 && upto <= 100))
      return { path, message: "must be a percentage above 0, up to 100" };
    const before = steps[index - 1]?.upto;
    if (before !== undefined && sign * upto <= sign * before)
      return { path, message: "must be behind that of the tier before" };
  }
  return undefined;
}
